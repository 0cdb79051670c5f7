"""How far two chains are apart."""

import numpy as np
import numpy.typing as npt

import chains


def all_hoppings(bath: chains.Chain) -> npt.NDArray[np.float64]:
    """The hoppings with the one that leads out of the chain."""
    return np.append(bath.hoppings, bath.next_hopping)


def largest_difference(a: chains.Chain, b: chains.Chain) -> float:
    """The largest relative difference of any coefficient (frequencies relative to the hopping beside them)."""
    scale = np.abs(b.frequencies) + all_hoppings(b)
    return max(
        abs(a.coupling / b.coupling - 1.0),
        float(np.max(np.abs(a.frequencies - b.frequencies) / scale)),
        float(np.max(np.abs(all_hoppings(a) / all_hoppings(b) - 1.0))),
    )
