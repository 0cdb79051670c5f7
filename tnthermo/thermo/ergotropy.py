"""What work a state of the system can give: ergotropy, its parts, and the nonequilibrium free energy.

Ergotropy (Allahverdyan, Balian and Nieuwenhuizen, Europhys. Lett. 67, 565 (2004)): the most that unitary driving which ends with the
Hamiltonian it began with takes out of a state, W = Tr[H rho] - sum_k r_k E_k, the eigenvalues r_k of rho falling, E_k of H rising. It is
a function of both spectra and of Tr[H rho], defined for equal energies as well: which of their eigenvectors are taken changes nothing.
Incoherent part (Francica et al., Phys. Rev. Lett. 125, 180603 (2020)): the ergotropy of sum_E P_E rho P_E, P_E the projector on an
eigenspace of H. Coherences within one cost no energy and stay; where two energies become equal the parts jump, their sum does not.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tnthermo.model.density_matrix import spectrum, von_neumann
from tnthermo.types import Complex, Real

HOW_FREE = "E_S_error + T S_S_error"
NO_TEMPERATURE = "baths of different temperatures: no one T for the free energy"


def passive_energy(rho: Complex, energies: Real) -> Real:
    """sum_k r_k E_k (n,), the least energy of all states with the spectrum of rho (n, d, d); energies (n, d) or (1, d) rising."""
    falling = spectrum(rho)[..., ::-1]
    return np.asarray(np.sum(falling * energies, axis=-1))


def dephased(rho: Complex, vectors: Complex, spaces: npt.NDArray[np.int64]) -> Complex:
    """sum_E P_E rho P_E (n, d, d), rho (n, d, d) without its coherences between eigenspaces of H, written in the eigenbasis of H.

    vectors  eigenvectors of H (n or 1, d, d) as columns
    spaces   (n or 1, d) number of the eigenspace of each
    """
    turned = vectors.conj().swapaxes(-1, -2) @ rho @ vectors
    return np.asarray(np.where(spaces[:, :, None] == spaces[:, None, :], turned, 0.0))


def ergotropies(rho: Complex, energies: Real, vectors: Complex, spaces: npt.NDArray[np.int64]) -> dict[str, Real]:
    """Ergotropy and its two parts (n,), energy, of rho (n, d, d); energies, eigenvectors and eigenspaces of H as `system.levels` has them.

    Energies count from the middle of the spectrum, which changes nothing: both terms have the trace of rho.
    """
    centred = energies - (energies[:, :1] + energies[:, -1:]) / 2
    diagonal = dephased(rho, vectors, spaces)
    energy = np.sum(np.real(np.einsum("nii->ni", diagonal)) * centred, axis=-1)
    least, between = passive_energy(rho, centred), passive_energy(diagonal, centred)
    return {
        "ergotropy": energy - least,
        "ergotropy_incoherent": energy - between,
        "ergotropy_coherent": between - least,
    }


def ergotropy_error(rho: Complex, energies: Real, bar: Real) -> Real:
    """Error (n,) of the ergotropy, and of each of its parts, where real and imaginary parts of rho are known up to ``bar`` (n,).

    W is the largest of Tr[rho (H - U^dag H U)] over unitaries U, so it moves by no more than ||delta rho||_1 times the width of H; so do
    the ergotropy of the dephased state, as dephasing shrinks the trace norm, and the difference, of two passive energies, half of it each.
    ||delta rho||_1 <= sqrt(d) ||delta rho||_2 <= d sqrt(2 d - 1) bar. What |1 - Tr rho| is missing may hold the whole width.
    """
    d = rho.shape[-1]
    width = energies[:, -1] - energies[:, 0]
    lost = np.abs(1 - np.real(np.einsum("nii->n", rho)))
    with np.errstate(invalid="ignore"):  # what does not depend on rho is known where rho is not
        return np.asarray(
            np.where(width > 0, width * (d * np.sqrt(2 * d - 1) * bar + lost), np.where(np.isnan(bar), np.nan, 0.0))
        )


def free_energy(rho: Complex, hamiltonian: Complex, temperature: float | None) -> Real:
    """E_S - T S_S (n,) of rho (n, d, d), H (n or 1, d, d); E_S at T = 0, NaN without one temperature."""
    energy = np.real(np.einsum("...ij,...ji->...", hamiltonian, rho))
    if temperature is None:
        return np.full(rho.shape[0], np.nan)
    return np.asarray(energy if temperature == 0 else energy - temperature * von_neumann(spectrum(rho)))


def free_energy_error(energy: Real, entropy: Real, temperature: float | None) -> Real:
    """Error (n,) of the free energy from those of E_S and S_S (n,); NaN without one temperature."""
    if temperature is None:
        return np.full(energy.shape, np.nan)
    return energy if temperature == 0 else energy + temperature * entropy
