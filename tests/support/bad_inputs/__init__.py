"""Bad input by kind: what is asked for, and a part of the sentence that is the answer."""
