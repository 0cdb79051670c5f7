"""Opening bonds for terms that reach over a site, as hoppings of interleaved chains do.

At a bond of dimension 1 such a term shows only the mean value of its far operator, so that the expansion of the near bond cannot see it
and nothing would ever move across. Here the far bonds are opened first, from the far end inwards, with the states that the far operators
make; the ordinary expansion (`tnthermo.kernels.expand`) then finds them. New directions carry no weight: the state stays as it is.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tnthermo.kernels.apply import finish_channels, grow_right, start_channels
from tnthermo.kernels.arrays import adjoint, take_away
from tnthermo.kernels.expand import pick_rows


@njit(cache=True)
def passing(table, channels, finished):
    """(count, (m,) where in ``channels`` those are that a site hands on, (m,) the channels they become)."""
    which = np.empty(channels.size, dtype=np.int64)
    onward = np.empty(channels.size, dtype=np.int64)
    count = 0
    for k in range(channels.size):
        for m in range(table.shape[0]):
            if table[m, 0] == channels[k] and table[m, 1] != finished:
                which[count], onward[count] = k, table[m, 1]
                count += 1
                break
    return count, which[:count].copy(), onward[:count].copy()


@njit(cache=True)
def carried(gram, which, tensor):
    """Gram blocks (m, m, r, r) of the channels ``which`` of gram (k, k, l, l), carried over a site that only hands them on."""
    l, d, r = tensor.shape
    m = which.size
    result = np.empty((m, m, r, r), dtype=np.complex128)
    bra = adjoint(tensor.reshape(l * d, r))
    for a in range(m):
        for b in range(a, m):
            inside = np.dot(np.ascontiguousarray(gram[which[a], which[b]]), tensor.reshape(l, d * r))
            result[a, b] = np.dot(bra, inside.reshape(l * d, r))
            if b > a:
                result[b, a] = result[a, b].conj().T
    return result


@njit(cache=True)
def weighted(gram, rows):
    """The rows (k l, n) times the root of their Gram matrix (k, k, l, l): what of them the state makes."""
    k, _, l, _ = gram.shape
    matrix = np.empty((k * l, k * l), dtype=np.complex128)
    for a in range(k):
        for b in range(k):
            matrix[a * l : (a + 1) * l, b * l : (b + 1) * l] = gram[a, b]
    sizes, vectors = np.linalg.eigh(matrix)
    root = adjoint(vectors)
    for e in range(sizes.size):
        root[e] *= np.sqrt(max(sizes[e], 0.0))
    return np.dot(root, rows)


@njit(cache=True)
def images_outside(tensor, images, channels):
    """Rows (k l, d r): what the channels make of the states (l, d, r) to the right of a bond, less what is kept there already."""
    l, d, r = tensor.shape
    kept = tensor.reshape(l, d * r)
    rows = np.empty((channels.size * l, d * r), dtype=np.complex128)
    for k in range(channels.size):
        rows[k * l : (k + 1) * l] = images[channels[k]].reshape(l, d * r)
    take_away(rows, np.dot(np.dot(rows, adjoint(kept)), kept))
    return rows


@njit(cache=True)
def gram_of(columns):
    """Gram blocks (k, k, r, r) of columns (k, n, r)."""
    k, _, r = columns.shape
    gram = np.empty((k, k, r, r), dtype=np.complex128)
    for a in range(k):
        bra = adjoint(columns[a])
        for b in range(k):
            gram[a, b] = np.dot(bra, columns[b])
    return gram


@njit(cache=True)
def reach_right(net, i, active, threshold, caps):
    """(active, missed): bonds beyond site i + 1 opened for terms that start at the centre i or before and pass over site i + 1.

    Opened are those that a term needs whose near operator leads out of the states kept on the left; where it does not, the far site moves
    in the mean field of the near one and needs no bond, only to be among the ``active`` sites.

    active            sites swept so far; grows to hold every far site that H moves by more than the threshold
    threshold         as for the expansion of a bond
    caps              (n + 1,) caps on the dimensions of the bonds
    missed            norm of what found no room
    """
    tensors, rights, tables, values, widths = net.tensors, net.rights, net.tables, net.values, net.widths
    n = len(tensors)
    if i + 2 >= n:
        return active, 0.0
    width = widths[i + 1]
    count, which, onward = passing(tables[i + 1], np.arange(1, width - 1), widths[i + 2] - 1)
    if count == 0:
        return active, 0.0
    center = tensors[i]
    l, d, r = center.shape
    u = start_channels(net.lefts[i], tables[i], values[i], center, 1, width - 1)
    moved = np.empty((count, l * d, r), dtype=np.complex128)
    for k in range(count):
        moved[k] = u[which[k]].reshape(l * d, r)
    all_moved = gram_of(moved)
    basis = np.ascontiguousarray(np.linalg.qr(center.reshape(l * d, r))[0])
    for k in range(count):
        take_away(moved[k], np.dot(basis, np.dot(adjoint(basis), moved[k])))
    led_out = gram_of(moved)
    which = np.arange(count)
    sites = [i + 1 for _ in range(0)]
    grams = [led_out for _ in range(0)]
    lists = [onward for _ in range(0)]
    site = i + 1
    while count > 0:
        led_out = carried(led_out, which, tensors[site])
        all_moved = carried(all_moved, which, tensors[site])
        channels = onward
        site += 1
        sites.append(site)
        grams.append(led_out)
        lists.append(channels)
        if site >= active:
            images = finish_channels(rights[site + 1], tables[site], values[site], tensors[site], 0, widths[site])
            size = weighted(all_moved, images_outside(tensors[site], images, channels))
            if np.sqrt(np.sum(size.real**2 + size.imag**2)) >= threshold:
                active = site + 1
        if site == n - 1:
            break
        count, which, onward = passing(tables[site], channels, widths[site + 1] - 1)
    missed = 0.0
    for place in range(len(sites) - 1, -1, -1):
        site = sites[place]
        tensor = tensors[site]
        l, d, r = tensor.shape
        room = min(caps[site] - l, d * r - l)
        if room <= 0:
            continue
        images = finish_channels(rights[site + 1], tables[site], values[site], tensor, 0, widths[site])
        rows = weighted(grams[place], images_outside(tensor, images, lists[place]))
        picked, rest = pick_rows(rows, tensor.reshape(l, d * r), threshold, room)
        missed = max(missed, rest if caps[site] - l < d * r - l else 0.0)
        m = picked.shape[0]
        if m == 0:
            continue
        taller = np.empty((l + m, d, r), dtype=np.complex128)
        taller[:l] = tensor
        taller[l:] = picked.reshape(m, d, r)
        before = tensors[site - 1]
        wider = np.zeros((before.shape[0], before.shape[1], l + m), dtype=np.complex128)
        wider[:, :, :l] = before
        tensors[site], tensors[site - 1] = taller, wider
        rights[site] = grow_right(rights[site + 1], tables[site], values[site], taller, widths[site])
    return active, missed
