"""Expectation values of a matrix product state whose centre is site 0 and whose other tensors are right-orthonormal.

Density blocks have indices (ket, bra): block[k, k'] multiplies |k><k'|.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def close_right(tensor, operator, block):
    """(l, l): sum over levels of tensor[:, s, :] block tensor[:, s', :]^dag operator[s', s]; operator (d, d), block (r, r)."""
    l, d, r = tensor.shape
    result = np.zeros((l, l), dtype=np.complex128)
    inside = np.dot(tensor.reshape(l * d, r), block).reshape(l, d, r)
    for row in range(d):
        bra = np.ascontiguousarray(tensor[:, row, :].conj().T)
        acted = np.zeros((l, r), dtype=np.complex128)
        used = False
        for column in range(d):
            if operator[row, column] != 0.0:
                acted += operator[row, column] * inside[:, column, :]
                used = True
        if used:
            result += np.dot(acted, bra)
    return result


@njit(cache=True)
def pass_left(tensor, block):
    """(l, l): tensor block tensor^dag summed over levels."""
    l, d, r = tensor.shape
    inside = np.dot(tensor.reshape(l * d, r), block)
    return np.dot(inside.reshape(l, d * r), np.ascontiguousarray(tensor.reshape(l, d * r).conj().T))


@njit(cache=True)
def pass_right(tensor, block):
    """(r, r): the left density block (l, l) carried over a site."""
    l, d, r = tensor.shape
    inside = np.dot(np.ascontiguousarray(block.T), tensor.reshape(l, d * r))
    return np.dot(np.ascontiguousarray(inside.reshape(l * d, r).T), tensor.reshape(l * d, r).conj())


@njit(cache=True)
def site_moment(tensors, site, operator):
    """(D, D) matrix Tr_rest[O_site rho] on site 0, `site` >= 1, operator (d, d); D levels of site 0."""
    r = tensors[site].shape[2]
    block = close_right(tensors[site], operator, np.eye(r, dtype=np.complex128))
    for i in range(site - 1, 0, -1):
        block = pass_left(tensors[i], block)
    return system_block(tensors[0], block)


@njit(cache=True)
def system_block(center, block):
    """(D, D): center (1, D, r) block center^dag."""
    matrix = center.reshape(center.shape[1], center.shape[2])
    return np.dot(np.dot(matrix, block), np.ascontiguousarray(matrix.conj().T))


@njit(cache=True)
def level_populations(tensors, active, populations):
    """Fill populations (n, largest level) with the level populations of sites 0 .. active - 1."""
    block = np.ones((1, 1), dtype=np.complex128)
    for i in range(active):
        tensor = tensors[i]
        l, d, r = tensor.shape
        inside = np.dot(np.ascontiguousarray(block.T), tensor.reshape(l, d * r)).reshape(l, d, r)
        for s in range(d):
            total = 0.0
            for a in range(l):
                for b in range(r):
                    total += (inside[a, s, b] * np.conj(tensor[a, s, b])).real
            populations[i, s] = total
        block = np.dot(np.ascontiguousarray(inside.reshape(l * d, r).T), tensor.reshape(l * d, r).conj())


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
def _right_density(block, ket, bra):
    """(r, r) with indices (ket, bra): sum of block[k, k'] ket[k, s, :] conj(bra[k', s, :])."""
    l, d, r = ket.shape
    inside = np.dot(np.ascontiguousarray(block.T), ket.reshape(l, d * r))
    return np.dot(np.ascontiguousarray(inside.reshape(l * d, r).T), bra.reshape(l * d, r).conj())


@njit(cache=True)
def correlations(tensors, active, normal, anomalous):
    """Fill normal[m, n] = <c_m^dag c_n> and anomalous[m, n] = <c_m c_n> over chain sites m, n = 0 .. active - 2 (tensor m + 1)."""
    left = np.ones((1, 1), dtype=np.complex128)
    left = _right_density(left, tensors[0], tensors[0])
    for i in range(1, active):
        tensor = tensors[i]
        down = lowered(tensor)
        l, d, r = tensor.shape
        flat = np.dot(np.ascontiguousarray(left.T), down.reshape(l, d * r)).reshape(l * d * r)
        normal[i - 1, i - 1] = np.vdot(down.reshape(l * d * r), flat)
        anomalous[i - 1, i - 1] = np.vdot(raised(tensor).reshape(l * d * r), flat)  # <c c> = <c^dag psi | c psi>
        from_raise = _right_density(left, raised(tensor), tensor)  # c_i^dag acts at i
        from_lower = _right_density(left, down, tensor)
        for j in range(i + 1, active):
            other = tensors[j]
            l, d, r = other.shape
            flat = lowered(other).reshape(l * d * r)
            bra = np.dot(np.ascontiguousarray(from_raise.T), flat.reshape(l, d * r)).reshape(l * d * r)
            normal[i - 1, j - 1] = np.vdot(other.reshape(l * d * r), bra)
            normal[j - 1, i - 1] = np.conj(normal[i - 1, j - 1])
            bra = np.dot(np.ascontiguousarray(from_lower.T), flat.reshape(l, d * r)).reshape(l * d * r)
            anomalous[i - 1, j - 1] = np.vdot(other.reshape(l * d * r), bra)
            anomalous[j - 1, i - 1] = anomalous[i - 1, j - 1]
            if j + 1 < active:
                from_raise = _right_density(from_raise, other, other)
                from_lower = _right_density(from_lower, other, other)
        left = _right_density(left, tensor, tensor)
