"""Physical units: numbers of a file in cm^-1, fs and K, natural ones (hbar = k_B = 1) for the engine, and back."""
