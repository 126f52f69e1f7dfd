namespace P2PMiner.Node.ShareChain;

/// <summary>What became of a share that was offered to the chain.</summary>
internal enum AddStatus
{
    /// <summary>Valid, on a branch that is not the heaviest.</summary>
    Added,

    /// <summary>Valid, and the tip now.</summary>
    NewTip,

    /// <summary>Known already.</summary>
    Duplicate,

    /// <summary>Its parent is not known here. Nothing else was checked.</summary>
    UnknownParent,

    /// <summary>An uncle that it names is not known here. What else it says was checked, the proof of work was not.</summary>
    UnknownUncle,

    /// <summary>Not valid; <see cref="AddResult.Fault"/> says why.</summary>
    Invalid,
}

/// <summary>Why a share is not valid in its place.</summary>
internal enum ShareFault
{
    None,

    /// <summary>Not above the pruned root; a chain that branches off there is never followed.</summary>
    BelowRoot,

    /// <summary>Not its parent's height + 1.</summary>
    Height,

    /// <summary>Earlier than its parent.</summary>
    TimestampBeforeParent,

    /// <summary>Not the difficulty that its ancestors lead to.</summary>
    Difficulty,

    /// <summary>Not its parent's cumulative difficulty and its own, or beyond 128 bits.</summary>
    CumulativeDifficulty,

    /// <summary>Neither the chain's RandomX key at this height nor that of a job that is known here.</summary>
    Key,

    /// <summary>It names an uncle that <see cref="UncleRules"/> do not allow.</summary>
    Uncle,

    /// <summary>The hash does not meet the difficulty.</summary>
    ProofOfWork,
}

internal readonly record struct AddResult(AddStatus Status, ShareFault Fault = ShareFault.None)
{
    public static AddResult Invalid(ShareFault fault) => new(AddStatus.Invalid, fault);
}
