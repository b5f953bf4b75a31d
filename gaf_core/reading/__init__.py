"""An explanation in parts and in words.

focus       the part of a flow through a selection
bottleneck  what limits the flow
intervals   how far a plain maximum flow could move a score
sentences   what is said of it
"""
