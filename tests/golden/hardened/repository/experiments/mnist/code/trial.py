"""One trial: asks NNI for parameters, tries them, and reports how good they were."""

import nni


def main():
    """Replace this by your own training."""
    parameters = nni.get_next_parameter()
    score = -(parameters["x"] ** 2) / parameters["y"]
    nni.report_final_result(score)


if __name__ == "__main__":
    main()
