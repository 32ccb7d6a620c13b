"""How a yes reached us. Each kind trusts something, and says so."""

from enum import StrEnum


class Decision(StrEnum):
    """What the human decided; there is no third answer, silence is a no."""

    APPROVE = "approve"
    DENY = "deny"


class Evidence(StrEnum):
    """Kinds of evidence for a decision, strongest first.

    OUT_OF_BAND trusts the approver's own credential, POLICY the policy file,
    LOCAL_BROWSER the desktop session, ELICITED the client program,
    LOCAL_TERMINAL the terminal of this machine. MODEL_ASSERTED, a value that
    the model sent, trusts nobody: no rule can accept it, and it counts only
    under the setting `dangerously_allow_model_confirmation`.
    """

    OUT_OF_BAND = "out_of_band"
    POLICY = "policy"
    LOCAL_BROWSER = "local_browser"
    ELICITED = "elicited"
    LOCAL_TERMINAL = "local_terminal"
    MODEL_ASSERTED = "model_asserted"

    def is_at_least(self, required: "Evidence") -> bool:
        """Whether this evidence is as strong as `required`, or stronger."""
        order = list(Evidence)
        return order.index(self) <= order.index(required)
