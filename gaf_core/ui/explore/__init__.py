"""The page that explains one text: its prediction, the flow, the network in four views."""
