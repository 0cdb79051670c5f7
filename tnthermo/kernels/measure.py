"""Expectation values of a matrix product state; every function says which gauge it takes.

The system may be any site of the line: its own measurements (`reduced_state`, `reduced_moment`) take the centre there, those that run over
the whole line (`level_populations`, `correlations`) take the centre at site 0 and every other tensor right-orthonormal.

Density blocks have indices (ket, bra): block[k, k'] multiplies |k><k'|.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tnthermo.kernels.arrays import adjoint


@njit(cache=True)
def operate(tensor, operator):
    """(l, rows, r): the operator (rows, columns) on a tensor's level; columns beyond the tensor's levels meet nothing."""
    l, d, r = tensor.shape
    result = np.zeros((l, operator.shape[0], r), dtype=np.complex128)
    for row in range(operator.shape[0]):
        for column in range(min(d, operator.shape[1])):
            value = operator[row, column]
            if value != 0.0:
                for i in range(l):
                    for k in range(r):
                        result[i, row, k] += value * tensor[i, column, k]
    return result


@njit(cache=True)
def pass_left(tensor, block):
    """(l, l): tensor block tensor^dag summed over levels."""
    l, d, r = tensor.shape
    inside = np.dot(tensor.reshape(l * d, r), block)
    return np.dot(inside.reshape(l, d * r), adjoint(tensor.reshape(l, d * r)))


@njit(cache=True)
def pass_right(tensor, block):
    """(r, r): the left density block (l, l) carried over a site."""
    l, d, r = tensor.shape
    return _join_left(np.dot(block.T, tensor.reshape(l, d * r)).reshape(l, d, r), tensor)


@njit(cache=True)
def _join_left(ket, bra):
    """(r, r) with indices (ket, bra): sum of ket[k, s, :] conj(bra[k, s, :])."""
    l, d, r = ket.shape
    return np.dot(ket.reshape(l * d, r).T, bra.reshape(l * d, r).conj())


@njit(cache=True)
def reduced_state(center):
    """(D, D): the density matrix of the site whose tensor (l, D, r) is the centre."""
    matrix = by_level(center)
    return np.dot(matrix, adjoint(matrix))


@njit(cache=True)
def by_level(tensor):
    """(d, l r): a tensor with its level first."""
    l, d, r = tensor.shape
    result = np.empty((d, l * r), dtype=np.complex128)
    for s in range(d):
        for i in range(l):
            for k in range(r):
                result[s, i * r + k] = tensor[i, s, k]
    return result


@njit(cache=True)
def reduced_moment(tensors, system, site, operator):
    """(D, D) matrix Tr_rest[O_site rho] on the site ``system``, which is the centre; ``site`` is another one, operator (d, d).

    Tensors left of the centre are left-orthonormal, those right of it right-orthonormal: only what is between the two sites is contracted.
    """
    center = tensors[system]
    l, d, r = center.shape
    tensor = tensors[site]
    moved = operate(tensor, operator)
    if site > system:
        rows, size = tensor.shape[0], tensor.shape[1] * tensor.shape[2]
        block = np.dot(moved.reshape(rows, size), adjoint(tensor.reshape(rows, size)))
        for i in range(site - 1, system, -1):
            block = pass_left(tensors[i], block)
        ket = np.dot(center.reshape(l * d, r), block).reshape(l, d, r)
    else:
        block = _join_left(moved, tensor)
        for i in range(site + 1, system):
            block = pass_right(tensors[i], block)
        ket = np.dot(block.T, center.reshape(l, d * r)).reshape(l, d, r)
    return np.dot(by_level(ket), adjoint(by_level(center)))


@njit(cache=True)
def shapes(tensors):
    """(n, 3) the shapes of all tensors."""
    result = np.empty((len(tensors), 3), dtype=np.int64)
    for i in range(len(tensors)):
        l, d, r = tensors[i].shape
        result[i, 0], result[i, 1], result[i, 2] = l, d, r
    return result


@njit(cache=True)
def level_populations(tensors, active, populations):
    """Fill populations (n, largest level) with the level populations of sites 0 .. active - 1; centre at site 0."""
    block = np.ones((1, 1), dtype=np.complex128)
    for i in range(active):
        tensor = tensors[i]
        l, d, r = tensor.shape
        inside = np.dot(block.T, tensor.reshape(l, d * r)).reshape(l, d, r)
        for s in range(d):
            total = 0.0
            for a in range(l):
                for b in range(r):
                    total += (inside[a, s, b] * np.conj(tensor[a, s, b])).real
            populations[i, s] = total
        block = _join_left(inside, tensor)


@njit(cache=True)
def lowered(tensor):
    """The annihilation operator applied to a tensor's level."""
    result = np.zeros_like(tensor)
    for s in range(tensor.shape[1] - 1):
        result[:, s, :] = np.sqrt(s + 1.0) * tensor[:, s + 1, :]
    return result


@njit(cache=True)
def raised(tensor):
    """The creation operator applied to a tensor's level (cut at the highest one)."""
    result = np.zeros_like(tensor)
    for s in range(tensor.shape[1] - 1):
        result[:, s + 1, :] = np.sqrt(s + 1.0) * tensor[:, s, :]
    return result


@njit(cache=True)
def _excited(tensor):
    """Whether any level above the lowest one holds anything."""
    for i in range(tensor.shape[0]):
        for s in range(1, tensor.shape[1]):
            for k in range(tensor.shape[2]):
                if tensor[i, s, k] != 0.0:
                    return True
    return False


@njit(cache=True)
def correlations(tensors, sites, normal, anomalous):
    """Fill normal[m, n] = <c_m^dag c_n> and anomalous[m, n] = <c_m c_n>; m, n count the boson sites ``sites``, increasing positions.

    Centre at site 0, all others right-orthonormal; positions not in ``sites`` (the system's) are passed over. The block of each c_n is
    carried to the left, once for both results, and meets the left density blocks that have c_m^dag or c_m inserted. Sites at either end
    that hold nothing are left out.
    """
    normal[:] = 0
    anomalous[:] = 0
    first, last = 0, sites.size - 1
    while first <= last and not _excited(tensors[sites[first]]):
        first += 1
    while last >= first and not _excited(tensors[sites[last]]):
        last -= 1
    if first > last:
        return
    raises = [np.ones((1, 1), dtype=np.complex128) for _ in range(0)]
    lowers = [np.ones((1, 1), dtype=np.complex128) for _ in range(0)]
    left = np.ones((1, 1), dtype=np.complex128)
    m = first
    for i in range(sites[last] + 1):
        tensor = tensors[i]
        l, d, r = tensor.shape
        inside = np.dot(left.T, tensor.reshape(l, d * r)).reshape(l, d, r)
        if i == sites[m]:
            down = lowered(inside)
            normal[m, m] = np.vdot(lowered(tensor).reshape(l * d * r), down.reshape(l * d * r))
            # <c c> = <c^dag psi | c psi>
            anomalous[m, m] = np.vdot(raised(tensor).reshape(l * d * r), down.reshape(l * d * r))
            if m < last:
                raises.append(_join_left(raised(inside), tensor))
                lowers.append(_join_left(down, tensor))
            m += 1
        if i < sites[last]:
            left = _join_left(inside, tensor)
    m = last
    held = np.empty(
        (0, 1, 1), dtype=np.complex128
    )  # blocks (ket, bra) of c_n at the bond right of i, n = m + 1 .. last
    for i in range(sites[last], sites[first] - 1, -1):
        tensor = tensors[i]
        l, d, r = tensor.shape
        number = held.shape[0]
        here = i == sites[m]
        if here and number > 0:
            flat = held.reshape(number, r * r)
            normal[m, m + 1 : last + 1] = np.dot(flat, raises[m - first].reshape(r * r))
            anomalous[m, m + 1 : last + 1] = np.dot(flat, lowers[m - first].reshape(r * r))
        if i == sites[first]:
            break
        bra = tensor.reshape(l, d * r).conj().T
        shift = 1 if here else 0
        passed = np.empty((number + shift, l, l), dtype=np.complex128)
        if here:
            passed[0] = np.dot(lowered(tensor).reshape(l, d * r), bra)
            m -= 1
        for n in range(number):
            inside = np.dot(tensor.reshape(l * d, r), held[n]).reshape(l, d, r)
            passed[n + shift] = np.dot(inside.reshape(l, d * r), bra)
        held = passed
    for m in range(first, last + 1):
        for n in range(m + 1, last + 1):
            normal[n, m] = np.conj(normal[m, n])
            anomalous[n, m] = anomalous[m, n]
