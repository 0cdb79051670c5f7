"""The ten lines: from a spectral density to the thermodynamic ledger.

Run it with ``.venv/bin/python scripts/tour/01_ten_lines.py`` (after scripts/run has made the environment); it writes run.nc and
ledger.png into the current folder.
"""

import chains
import tnthermo as tt

J = chains.PowerLaw(alpha=0.3, cutoff=1.0, exponent=1.0, shape="hard")
bath = chains.chain(J, length=40, temperature=0.2)
model = tt.SpinBoson(hamiltonian={"x": 0.1}, coupling={"z": 0.5}, bath=bath)
run = tt.evolve(model, initial="+z", algorithm=tt.TDVP(step=0.25, tolerance=1e-7), until=30.0)
ledger = tt.ledger(run, alpha_S=0.5)
tt.plot(ledger).savefig("ledger.png", dpi=200)
ledger.to_netcdf("run.nc")

last = ledger.isel(t=-1)
for name in ("E_S", "E_B", "U_chi", "Q_B", "S_S", "Sigma_total"):
    print(
        f"{name:12} {float(last[name]):12.6f} +- {float(last[name + '_error']):.0e} {ledger[name].units:8} {ledger[name].equation}"
    )
