"""How much a system and its bath know of each other: I(S:B), between the quantum and the classical limit, and below both.

Start with a pure system. Then the bath and the system's entropy S_S set the scale, 0 <= I(S:B) <= 2 S_S:

2  A bath at T = 0 is pure as well. Whatever entropy the system has got is entanglement with the bath, which has as much: I = 2 S_S. A pair
   of spins in a singlet is the example: log 2 of entropy each, 2 log 2 of mutual information.
1  A hot bath acts on the phase of the system like a classical noise: knowing which noise it was would undo it, I = S_S, and nothing that is
   made of the system's two branches tells more. A classical record of a coin has this: I is the entropy of the coin.

Where did the rest go? A thermal bath B is one half of a pure state, the other half its purifying partner B' (each mode of B beside one
of B', as in an EPR state; B' never touches S). Then I(S:B) + I(S:B') = 2 S_S at every time: what B lacks, B' has. In the classical
limit the two share equally.

Below 1: dephasing can only mix the bath's states, each branch its own rotated copy; entropy is concave, S_B rises, hence I >= S_S.
Exchange moves quanta. From the ground state the system takes a quantum out of the bath; fewer quanta, less
entropy: Delta S_B < 0 and I = S_S + Delta S_B < S_S. In a cold bath nearly all entropy of the system is taken over from the bath and
I/S_S goes to 0; it is B' that knows whether there was a quantum to take.

The bracket. S_B needs the bath's states one by one, about exp(S_B) of them. Where they are too many only some modes K are kept, and a
quadrature Q of the others may be read. Mutual information cannot grow when something is dropped or measured, so that

    I(S:B_K Q)  <=  I(S:B)  <=  2 S_S - I(S:B'_K Q'),

the right side by the equation above. K is made of collective modes: over a time t the system meets no more than about w_max t/(2 pi) of
them, the principal components of the noise, and what it has never met knows next to nothing of it. The truth is in between, and the
middle is no better than the ends. More states
(`bath_entropy_max_bond`) narrow it. It bounds what there is to know of the state that was evolved; how good that state is, the
error columns say.

scripts/studies/mutual_information.py draws it over temperature. Run this page with
``.venv/bin/python scripts/tour/03_mutual_information.py`` (seconds, and the compilation of the first run).
"""

import chains
import tnthermo as tt

# The bath is a continuum, on a chain.
continuum = chains.PowerLaw(alpha=0.1, shape="hard")
settings = {"until": 8.0, "error_bars": False, "bath_entropy": "auto", "bath_entropy_every": 8.0}
rough = tt.TDVP(step=0.25, tolerance=1e-4, max_bond=20)


def show(what, model, initial):
    last = tt.ledger(tt.evolve(model, initial=initial, algorithm=rough, **settings)).isel(t=-1)
    lower, upper = (float(last[name] / last["S_S"]) for name in ("S_chi_lower", "S_chi_upper"))
    print(f"{what:44} {lower:.3f} <= I(S:B)/S_S <= {upper:.3f}")


for T in (0.0, 0.1, 0.3):
    model = tt.SpinBoson(hamiltonian={"x": 0.1}, coupling={"z": 0.5}, bath=chains.chain(continuum, 12, temperature=T))
    show(f"tunnelling, T = {T}", model, "+x")

single = chains.Discrete(frequencies=[0.6], couplings=[0.25])
for T in (0.1, 1.0):
    model = tt.JaynesCummings(hamiltonian={"z": 0.3}, bath=chains.thermofield_chains(single, temperature=T))
    show(f"exchange from the ground state, T = {T}", model, "-z")

model = tt.SpinBoson(hamiltonian={"z": 0.0}, coupling={"z": 0.5}, bath=chains.chain(continuum, 12, temperature=0.1))
show("dephasing, T = 0.1", model, "+x")

# In closed form: the Gauss nodes of the continuum, as few as have its correlation function until t = 8.
nodes = chains.star_cells(continuum, 5, temperature=0.1)
found = tt.dephasing(
    nodes.frequencies, nodes.couplings, temperature=0.1, initial="+x", times=[8.0], operator={"z": 0.5}
)
print(
    f"its nodes in closed form: {1 + found.Delta_S_B[0] / found.S_S[0]:.4f} +- {found.S_B_error[0] / found.S_S[0]:.0e}"
)
