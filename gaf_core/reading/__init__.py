"""An explanation in parts and in words.

focus       the part of a flow through a selection
selection   the text form of a selection, for links
bottleneck  what limits the flow
intervals   how far a plain maximum flow could move a score
agreement   what the model itself says with edges kept or cut; agreement_words says it
sentences   what is said of it
rows        what is listed of it
"""
