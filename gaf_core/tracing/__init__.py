"""Model + text + target -> Trace: one forward pass and one backward pass, and what they leave.

encoding     text -> what the network takes
chat         a chat through the template of the tokenizer
prompts      a prompt with an answer behind it
continuation what of an answer is explained, or of two
continuing   prompt + answers -> all of that
target       what is explained
prediction   the one place that calls a network
passes       one forward and its backward passes
answering    what a network scores an answer
generating   a model + a prompt -> its own answer
attention    is it the attention that the prediction used?
frozen       the backward pass of a linear network
residual     what passes beside attention
masks        some edges of a model, to be cut or kept
scaling      attention times a mask, in a forward pass
interventions  what the model says with edges cut, kept or scaled
cancelling   how much of the two cancels
memory       does it fit?
threads      how many compute
trace        all of it together
tokens       a trace of each token of an answer
asking       the same question again
together     the same for several texts of one length at once
"""
