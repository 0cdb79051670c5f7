"""How close is close enough for chains, each with its reason."""

# Closed-form coefficients against the general route, relative, up to 300 sites: rounding (measured 1e-14).
CLOSED_FORM = 1e-12
# Thermal coefficients against numbers printed with 12 digits.
PRINTED = 5e-12
# Thermal coefficients against an independent calculation in 60 digits, relative (measured 1e-14).
HIGH_PRECISION = 1e-12
# C(t) by quadrature against an independent quadrature, relative to C(0).
CORRELATION = 1e-12
# A long chain's own C(t) well inside its light cone against the exact one, relative to C(0).
INSIDE_LIGHT_CONE = 1e-11
# Chain -> star -> chain, relative.
ROUND_TRIP = 1e-11
# Orthonormality of the mode functions, and the tridiagonal matrix they give back (relative to its norm).
MODE_FUNCTIONS = 1e-10
# A mistake must be seen at least this clearly by the negative tests, relative.
VISIBLE = 1e-3
