"""Tables of H, states, blocks, and the one door to quimb."""
