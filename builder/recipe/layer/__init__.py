# SPDX-License-Identifier: Apache-2.0
"""What a recipe may ask for: one file for each kind of layer, one line here.

A kind is a module with a pydantic `Model` of the layer's body and
`expand(model, scope) -> list[Effect]`, which tells the scope of every problem.
"""

KINDS = (
    "packages",
    "files",
    "users",
    "services",
    "network",
    "locale",
    "boot",
    "docker",
    "maker",
    "head",
    "script",
)
