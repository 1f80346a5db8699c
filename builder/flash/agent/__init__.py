# SPDX-License-Identifier: Apache-2.0
"""What brings a release onto a card, at the card: the standard library, `errors` and the block index alone.

order     what is to be done, as JSON
trust     the release's manifest, and that it was signed
card      what is on the device now, and whether it may be written to
wanted    what is to be on it: the image, and what makes this card this node's
compare   which blocks differ
blocks    what they are to be, each checked
supply    how they come: in order from the head, or by
swarm     pieces from other nodes too, which hand_on gives to others and of which tracker tells
flash     all of it, in the order that survives a loss of power
boot_last the same, in the order for a card that the flasher was booted from
receipt   what was done, as JSON
"""
