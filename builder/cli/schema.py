# SPDX-License-Identifier: Apache-2.0
"""`nodebake schema`: JSON Schema of the files that people write."""

from __future__ import annotations

from argparse import Namespace

from builder.errors import Exit
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    from builder.cluster.reference import cluster_schema
    from builder.recipe.schema import json_schema, overlay_schema, site_schema

    schemas = {
        "recipe": json_schema,
        "site": site_schema,
        "overlay": overlay_schema,
        "cluster": cluster_schema,
    }
    report.json(schemas[arguments.of]())
    return Exit.DONE
