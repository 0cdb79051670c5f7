"""Exchange coupling, two baths, a drive, correlated starts, correlation functions: one short run each (about a minute together)."""

import numpy as np

import chains
import tnthermo as tt

J = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="hard")
settings = {"algorithm": tt.TDVP(step=0.2, tolerance=1e-5, max_bond=16), "error_bars": False}

# 1. The Jaynes-Cummings model: exchange of quanta with a warm bath, which takes the pair of thermofield chains.
pair = chains.thermofield_chains(J, 12, temperature=0.5)
model = tt.JaynesCummings(hamiltonian={"z": 0.25}, bath=pair)
ledger = tt.ledger(tt.evolve(model, initial="+x", until=6.0, **settings))
print("exchange: heat into the bath", float(ledger["Q_B"][-1]), "variance of E_B", float(ledger["Var_Q_B"][-1]))

# 2. A hot and a cold bath.
hot, cold = (tt.couple({"x": 0.5}, chains.chain(J, 20, temperature=T)) for T in (1.0, 0.2))
model = tt.assemble(hamiltonian={"z": 0.25}, couplings=[hot, cold])
ledger = tt.ledger(tt.evolve(model, until=8.0, **settings))
print("two baths: currents into them", tt.steady_currents(ledger, since=5.0)["current"].values)

# 3. A splitting that is swept while the coupling is switched on smoothly.
sweep = tt.SystemDrive(
    operator=np.diag([1.0, -1.0]).astype(complex), drive=tt.Ramp(duration=5.0, initial=-0.5, final=0.5)
)
model = tt.SpinBoson(
    hamiltonian={"x": 0.2}, coupling={"z": 0.5}, bath=chains.chain(J, 16, temperature=0.0), drives=[sweep],
    strength=tt.Ramp(duration=2.0, profile="smooth"),
)  # fmt: skip
ledger = tt.ledger(tt.evolve(model, until=6.0, **settings))
print(
    "driven: total work", float(ledger["W_total"][-1]), "energy residual", float(abs(ledger["residual_energy"]).max())
)

# 4. The equilibrium of the coupled whole, from which nothing moves; and how far its populations are from exp(-beta H_S).
model = tt.SpinBoson(hamiltonian={"z": 0.25, "x": 0.1}, coupling={"z": 0.5}, bath=chains.chain(J, 12, temperature=0.5))
run = tt.evolve(model, initial="mean-force", until=1.0, **settings)
print(
    "mean force:",
    np.real(np.diag(run.rho_S[0])),
    "free energy",
    run.free_energy,
    "moved",
    np.abs(run.rho_S - run.rho_S[0]).max(),
)

# 5. Its correlation function <sigma_z(t) sigma_z(0)> and the spectrum.
found = tt.two_time(model, {"zz": ("z", "z")}, initial="mean-force", until=6.0, **settings)
print("C(0) =", found["zz"].values[0], "S(w) =", tt.spectrum(found, [-0.5, 0.0, 0.5])["zz_spectrum"].values)
