"""TDVP, TEBD and exact propagation behind one step signature."""
