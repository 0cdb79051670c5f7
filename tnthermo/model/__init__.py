"""What is studied: system, couplings, baths and drives, the Hamiltonian written down once."""
