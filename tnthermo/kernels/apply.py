"""H on one site, in the basis of a matrix product state: the inner loop of every sweep.

Conventions of all kernels
--------------------------
tensor       (l, d, r) complex: left bond, local level, right bond
left block   (w, l, l): left[a] = <bra| operators of channel a to the left |ket>, indices (bra, ket)
right block  (w, r, r): right[b] likewise to the right, indices (ket, bra)
channels     of a bond of width w: 0 = "no term has started yet", w - 1 = "a term is finished", in between the terms that straddle the
             bond. In canonical gauge left[0] and right[w - 1] are identities and are never multiplied.
table        (m, 4) integers (a, b, row, column) sorted by a, with values (m,): the local operator that leads from channel a of the left
             bond to channel b of the right bond has the element value at (row, column)

A bond is a site with one level whose table passes each channel on, and a pair of sites is a site with d1 d2 levels: the same kernel serves
the site step, the backward bond step (in which the coupling of the bond so counts once) and the two-site step.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def start_channels(left, table, values, x, u, out, finished, t):
    """Add (left block and site operators) on x to u[b] (channel b goes on to the right) or to out (finished).

    Shapes: x, out, t (l, d, r); u (w, l, d, r). `t` is scratch space.
    """
    l, d, r = x.shape
    m = 0
    while m < table.shape[0]:
        a = table[m, 0]
        if a == 0:
            source = x
        else:
            np.dot(left[a], x.reshape(l, d * r), t.reshape(l, d * r))
            source = t
        while m < table.shape[0] and table[m, 0] == a:
            b, row, column, value = table[m, 1], table[m, 2], table[m, 3], values[m]
            target = out if b == finished else u[b]
            for i in range(l):
                for k in range(r):
                    target[i, row, k] += value * source[i, column, k]
            m += 1


@njit(cache=True)
def apply_site(left, table, values, right, x, out, t, u):
    """out = H_eff x. Shapes: x, out, t (l, d, r); u (w, l, d, r) with w the width of the right bond; t and u are scratch space."""
    l, d, r = x.shape
    finished = right.shape[0] - 1
    out[:] = 0
    u[:] = 0
    start_channels(left, table, values, x, u, out, finished, t)
    for b in range(finished):
        np.dot(u[b].reshape(l * d, r), right[b], t.reshape(l * d, r))
        out += t


@njit(cache=True)
def grow_left(left, table, values, x, width):
    """Left block of the next bond (width, r, r) from that of this one and the left-orthonormal tensor x (l, d, r)."""
    l, d, r = x.shape
    u = np.zeros((width, l, d, r), dtype=np.complex128)
    t = np.empty_like(x)
    start_channels(left, table, values, x, u, u[width - 1], width - 1, t)
    bra = np.ascontiguousarray(x.reshape(l * d, r).conj().T)
    block = np.empty((width, r, r), dtype=np.complex128)
    for b in range(width):
        block[b] = np.dot(bra, u[b].reshape(l * d, r))
    return block


@njit(cache=True)
def finish_channels(right, table, values, x, width):
    """v[a] (width, l, d, r) = sum over b of the operator from a to b on x, times right[b]: what a channel a does from here on."""
    l, d, r = x.shape
    finished = right.shape[0] - 1
    v = np.zeros((width, l, d, r), dtype=np.complex128)
    t = np.empty_like(x)
    for b in range(right.shape[0]):
        used = False
        for m in range(table.shape[0]):
            used = used or table[m, 1] == b
        if not used:
            continue
        if b == finished:
            source = x
        else:
            np.dot(x.reshape(l * d, r), right[b], t.reshape(l * d, r))
            source = t
        for m in range(table.shape[0]):
            if table[m, 1] == b:
                a, row, column, value = table[m, 0], table[m, 2], table[m, 3], values[m]
                for i in range(l):
                    for k in range(r):
                        v[a, i, row, k] += value * source[i, column, k]
    return v


@njit(cache=True)
def grow_right(right, table, values, x, width):
    """Right block of the bond to the left (width, l, l) from that of this one and the right-orthonormal tensor x (l, d, r)."""
    l, d, r = x.shape
    v = finish_channels(right, table, values, x, width)
    bra = np.ascontiguousarray(x.reshape(l, d * r).conj().T)
    block = np.empty((width, l, l), dtype=np.complex128)
    for a in range(width):
        block[a] = np.dot(v[a].reshape(l, d * r), bra)
    return block
