"""From a name to files to a network in memory: the steps that `gaf_core.models` puts together."""
