# SPDX-License-Identifier: Apache-2.0
"""Many machines over ssh: logged in to with their host keys checked, asked all at once."""
