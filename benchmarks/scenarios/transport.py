"""Carries what is dissolved through the segments: each well mixed, as in SWMM, but any number of tracers at once."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import splu

from benchmarks.scenarios.layout import Layout
from benchmarks.scenarios.weather import STEP_S


class Carrier:
    """Steps concentrations through a network, implicitly in time.

    A segment of volume V and flow Q follows V dc/dt = |Q| (c_up - c); a node mixes what flows in. The segments are
    eliminated, so that one sparse system over the nodes is solved each step for all columns; decay is applied after.

    Parameters
    ----------
    layout : Layout
    outside : ndarray of float64, shape (n_columns,)
        Concentration of water that comes in over an outlet.
    decay : ndarray of float64, shape (n_columns,)
        [1/day]
    start : ndarray of float64, shape (n_columns,)
        Concentration everywhere at the beginning.
    """

    def __init__(self, layout: Layout, outside: np.ndarray, decay: np.ndarray, start: np.ndarray) -> None:
        self.tail, self.head, self.n = layout.tail, layout.head, layout.n_nodes
        self.outlets = np.array(layout.outlets)
        self.outside, self.kept = outside, np.exp(-decay * STEP_S / 86_400)
        self.link = np.tile(start, (self.tail.size, 1))
        self.node = np.tile(start, (self.n, 1))
        rows = np.r_[np.arange(self.n), self.head, self.tail]
        columns = np.r_[np.arange(self.n), self.tail, self.head]
        # Entries are added up where two segments join the same nodes, so their places are looked up once.
        order = np.lexsort((rows, columns))
        key = columns[order] * self.n + rows[order]
        first = np.r_[True, key[1:] != key[:-1]]
        self.slot = np.empty(order.size, dtype=np.int64)
        self.slot[order] = np.cumsum(first) - 1
        self.indices = rows[order][first]
        self.indptr = np.searchsorted(columns[order][first], np.arange(self.n + 1))
        self.size = int(first.sum())

    def step(self, flow: np.ndarray, volume: np.ndarray, nodes: np.ndarray, inflow: np.ndarray,
             load: np.ndarray) -> np.ndarray:  # fmt: skip
        """One step of 5 minutes.

        Parameters
        ----------
        flow, volume : ndarray of float64, shape (n_links,)
            [m3/s], [m3]
        nodes, inflow : ndarray, shape (n_sources,)
            Where water enters, and how much [m3/s].
        load : ndarray of float64, shape (n_nodes, k)
            What enters of the first k columns [m3/s x mg/L]; the others stay as they are.

        Returns
        -------
        ndarray of float64, shape (n_links, n_columns)
            Concentration in every segment.
        """
        size = np.abs(flow)
        store = np.maximum(volume, 1.0) / STEP_S
        upper = np.where(flow >= 0, self.tail, self.head)
        lower = np.where(flow >= 0, self.head, self.tail)
        passed = size / (store + size)
        arriving = np.bincount(lower, size, self.n) + np.bincount(nodes, inflow, self.n)
        leaving = np.bincount(upper, size, self.n)
        back = np.zeros(self.n)
        back[self.outlets] = np.maximum(leaving - arriving, 0.0)[self.outlets]
        arriving += back
        still = arriving < 1e-9
        diagonal = np.where(still, 1.0, arriving)
        forward = np.where(flow >= 0, -size * passed, 0.0)
        backward = np.where(flow < 0, -size * passed, 0.0)
        data = np.bincount(self.slot, np.r_[diagonal, forward, backward], self.size)
        matrix = csc_matrix((data, self.indices, self.indptr), shape=(self.n, self.n))
        k = load.shape[1]
        right = load + back[:, None] * self.outside[:k]
        # One entry in each column: what a segment held flows to its lower node.
        held = (size * (1 - passed), lower, np.arange(flow.size + 1))
        link = self.link[:, :k]
        right += csc_matrix(held, shape=(self.n, flow.size)) @ link
        right[still] = self.node[still, :k]
        node = splu(matrix, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}).solve(right)
        self.node[:, :k] = node
        link *= (1 - passed)[:, None]
        arrived = node[upper]
        arrived *= passed[:, None]
        link += arrived
        link *= self.kept[:k]
        return self.link
