"""What a finite chain is worth: correlation functions, the light cone, the lost tail."""
