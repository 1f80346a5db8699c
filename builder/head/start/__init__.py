# SPDX-License-Identifier: Apache-2.0
"""What the head does when it boots: units, and the program that they wait with.

In a unit `@user@` and `@folder@` are the owner and the folder of the maker's programs, `@serve@` is what
brings the control plane up, `@test@` the self-test's command, `@last@` the number of the last node.
"""
