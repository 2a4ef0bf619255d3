"""NNI's own verdict on experiment files: run by a Python that can import nni, never imported here.

Reads a path a line as JSON, writes [verdict, reason] a line: what `ExperimentConfig.load` and
`validate` do, which is what `nnictl create` does before it starts. One thing is taken from NNI: its
look-up of this machine's address, which fails without a network and is no matter of the file.
"""

import json
import logging
import sys
import warnings


def judge(path: str) -> list[str]:
    """Accept or reject, and NNI's reason."""
    try:
        ExperimentConfig.load(path).validate()
    except Exception as error:  # whatever it raises, it refuses the file
        return ["reject", f"{type(error).__name__}: {error}"]
    finally:
        utils.unset_base_path()  # which a failed load leaves, so that the next one fails too
    return ["accept", ""]


if __name__ == "__main__":
    import nni
    from nni.experiment.config import ExperimentConfig, utils

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    utils.get_ipv4_address = lambda: "192.0.2.1"
    print(json.dumps(nni.__version__), flush=True)
    for line in sys.stdin:
        print(json.dumps(judge(json.loads(line))), flush=True)
