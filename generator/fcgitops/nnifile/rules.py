"""The numbered rules of an experiment file, and findings of them."""

from __future__ import annotations

from fcgitops.core.findings import HAZARD, INFO, REJECT, Finding, Rules, shortened

RULES: Rules = {
    "NNI01": (REJECT, "the file is YAML 1.1 as PyYAML's safe_load reads it: UTF-8, one document"),
    "NNI02": (REJECT, "the file holds a mapping"),
    "NNI03": (HAZARD, "no key is repeated at any depth: the last one wins"),
    "NNI04": (HAZARD, "no key is given in two spellings: the last one wins"),
    "NNI05": (HAZARD, "no value is something else to YAML 1.1 than it looks like"),
    "NNI06": (HAZARD, "what goes to NNI's manager is what JSON can carry"),
    "NNI07": (REJECT, "the file is of NNI's second version, without trainingServicePlatform"),
    "NNI11": (REJECT, "every key is one of NNI's, case and underscores aside"),
    "NNI12": (REJECT, "what NNI requires is there"),
    "NNI13": (REJECT, "every value has its key's type"),
    "NNI14": (REJECT, "every value is in its range"),
    "NNI15": (REJECT, "keys that need or exclude each other do not contradict each other"),
    "NNI16": (REJECT, "files and folders that NNI looks for are there"),
    "NNI17": (HAZARD, "no value is taken for another type: true is the number 1"),
    "NNI21": (HAZARD, "the platform is frameworkcontroller, and the only one"),
    "NNI22": (HAZARD, "reuseMode is true: NNI 3.0 ends with an AssertionError without it"),
    "NNI23": (HAZARD, "trialCommand stands at the top level: only that one is executed"),
    "NNI24": (HAZARD, "nothing stands in trainingService that NNI reads at the top level only"),
    "NNI25": (HAZARD, "the storage is complete: server and path, or the four keys of Azure"),
    "NNI26": (HAZARD, "serviceAccountName names the trials' ServiceAccount"),
    "NNI27": (HAZARD, "namespace is a name of Kubernetes'"),
    "NNI28": (HAZARD, "trialGpuNumber is not set: it turns on NNI's own scheduler of GPUs"),
    "NNI29": (HAZARD, "sharedStorage is not set: trials' Pods do not mount it"),
    "NNI31": (HAZARD, "there is one task role"),
    "NNI32": (HAZARD, "taskNumber is 1: every Pod registers as the same runner"),
    "NNI33": (HAZARD, "a task role's name is one of FrameworkController's: [a-z0-9]{1,63}"),
    "NNI34": (HAZARD, "memorySize is one that NNI's manager can convert"),
    "NNI35": (HAZARD, "cpuNumber and gpuNumber are quantities of Kubernetes'"),
    "NNI36": (HAZARD, "the completion policy's numbers are ones of FrameworkController's"),
    "NNI37": (HAZARD, "dockerImage is the name of an image"),
    "NNI41": (HAZARD, "tuner and assessor are algorithms that NNI finds"),
    "NNI42": (HAZARD, "classArgs are ones that the algorithm takes"),
    "NNI43": (HAZARD, "the algorithm needs nothing that a plain `pip install nni` lacks"),
    "NNI44": (HAZARD, "the tuner draws from the search space, from all of it, as it is written"),
    "NNI45": (HAZARD, "the search space is given once: the file's beats the one in place"),
    "NNI46": (HAZARD, "useAnnotation is false: NNI 3.0 has it no more"),
    "NNI47": (HAZARD, "durations are numbers to JavaScript too"),
    "NNI48": (HAZARD, "logLevel is one that NNI's manager knows"),
    "NNI49": (HAZARD, "nniManagerIp is an address that trials reach"),
    "NNI50": (HAZARD, "trialCodeDirectory has at most 2,000 files and 300 MB"),
    "NNI51": (HAZARD, "a tuner that stops trials itself stands without an assessor"),
    "NNI61": (INFO, "an image has a tag other than latest, or a digest"),
    "NNI62": (INFO, "a task role's command is required, and not executed"),
    "NNI63": (INFO, "maxTrialNumber or maxExperimentDuration ends the experiment"),
    "NNI64": (INFO, "the trials' namespace is said"),
    "NNI65": (INFO, "memorySize as a number means MB"),
    "NNI66": (INFO, "azureStorage takes the program az in the manager"),
    "NNI67": (INFO, "optimize_mode is said: by default TPE minimizes, and others maximize"),
    "NNI68": (INFO, "a limit is no text, as 1e-5 is to YAML 1.1, where the tuner converts it"),
    "NNI69": (INFO, "there are at most 200 findings of one severity: more are not listed"),
}


def found(rule: str, path: str, line: int, message: str, hint: str = "") -> Finding:
    """A finding of `rule`, with the rule's severity."""
    return Finding(rule, RULES[rule][0], shortened(path), line, shortened(message), hint)
