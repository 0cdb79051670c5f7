"""How close is close enough, each with its reason. Tests take their numbers from here."""

# Rounding of double precision through a few dozen operations on numbers of order 1.
ROUNDING = 1e-12
# Rounding through a dense eigendecomposition of dimension ~ 1000, entropies included.
DENSE = 1e-10
# Accumulated columns and residuals of a faultless run with steps of 0.05 (highest frequency about 2): interpolation, order 8.
INTEGRALS = 1e-9
# Numbers printed with ten to twelve digits.
PRINTED = 1e-9
# Fourth-order central differences of dense columns with a step of 2e-3, relative.
DIFFERENCES = 1e-7
