using P2PMiner.Node.ShareChain;
using P2PMiner.P2P.Identity;

namespace P2PMiner.Node.Api;

/// <summary>Body of <c>GET /api/v1/contributions</c>: who did how much of the work of the share chain's last links.</summary>
/// <param name="Tip">Id of the last link, 64 hex digits.</param>
/// <param name="Links">Links that were counted, at most 2160.</param>
/// <param name="Uncles">Late shares that these links name.</param>
/// <param name="Weight">Their work in all, in units of difficulty.</param>
/// <param name="Miners">The greatest part first; a bounded list.</param>
internal sealed record ContributionReport(string Tip, int Links, int Uncles, UInt128 Weight, IReadOnlyList<MinerPart> Miners)
{
    /// <summary>Miners that are listed, as many as a cluster has members; the others have the smallest parts.</summary>
    public const int MaxMiners = 1024;

    public static ContributionReport Of(Contributions contributions) => new(
        contributions.Tip.ToString(), contributions.Links, contributions.Uncles, contributions.Weight,
        [
            .. contributions.Miners.Take(MaxMiners).Select(
                miner => new MinerPart(NameOf(miner.Miner), contributions.PartOf(miner), miner.Weight, miner.Links, miner.Uncles)),
        ]);

    /// <summary>The peer id; what is none, as nothing forces a miner to name one, in hexadecimal digits.</summary>
    public static string NameOf(MinerId miner) => PeerId.TryDecode(miner.Span, out PeerId? peer) ? peer.ToString() : miner.ToString();
}

/// <param name="Miner">Its peer id.</param>
/// <param name="Part">Of the work, 0 to 1.</param>
/// <param name="Weight">The work it is credited with, in units of difficulty.</param>
/// <param name="Links">Its links.</param>
/// <param name="Uncles">Its late shares.</param>
internal sealed record MinerPart(string Miner, double Part, UInt128 Weight, int Links, int Uncles);

/// <summary>This node's part in the share chain's last links.</summary>
/// <param name="Part">Of the work, 0 to 1.</param>
/// <param name="Links">Links that were counted, at most 2160.</param>
/// <param name="Miners">How many miners share the work.</param>
internal sealed record ContributionStatus(double Part, int Links, int Miners);
