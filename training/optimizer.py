"""Muon for convolutions: Keras's own orthogonalises matrices only and leaves kernels to AdamW."""

from __future__ import annotations

import math

import keras
from keras import ops


class ConvMuon(keras.optimizers.Muon):  # type: ignore[misc]
    """Muon (K. Jordan 2024; scaled as in arXiv 2502.16982) with kernels read as matrices.

    A kernel (height, width, in, out) is orthogonalised as (height * width * in, out). Biases,
    normalisation and the heads go by AdamW.
    """

    def _should_use_adamw(self, variable: keras.Variable) -> bool:
        return len(variable.shape) != 4

    def _muon_update_step(
        self,
        gradient: keras.KerasTensor,
        variable: keras.Variable,
        lr: keras.KerasTensor,
        m: keras.Variable,
    ) -> None:
        self.assign_add(m, gradient + m * (self.momentum - 1))
        ahead = gradient + self.momentum * m
        matrix = ops.reshape(ahead, (math.prod(variable.shape[:3]), variable.shape[3]))
        update = self.lr_adjust(lr * self.zeropower_via_newtonschulz5(matrix, self.ns_steps))
        self.assign_sub(variable, ops.reshape(update, variable.shape))
