using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace P2PMiner.Node.Api;

/// <summary>Asks a running node what it is doing.</summary>
internal static class StatusClient
{
    private const int MaxAnswer = 1024 * 1024;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    /// <summary>Its status; see <see cref="GetAsync{T}"/>.</summary>
    public static Task<NodeStatus> GetStatusAsync(IPEndPoint address, BearerToken? token, CancellationToken cancel) =>
        GetAsync(address, "/api/v1/status", NodeJson.Default.NodeStatus, token, cancel);

    /// <summary>The other nodes of its cluster; see <see cref="GetAsync{T}"/>.</summary>
    public static Task<PeerList> GetPeersAsync(IPEndPoint address, BearerToken? token, CancellationToken cancel) =>
        GetAsync(address, "/api/v1/peers", NodeJson.Default.PeerList, token, cancel);

    /// <summary>Who did how much of the share chain; see <see cref="GetAsync{T}"/>.</summary>
    public static Task<ContributionReport> GetContributionsAsync(IPEndPoint address, BearerToken? token, CancellationToken cancel) =>
        GetAsync(address, "/api/v1/contributions", NodeJson.Default.ContributionReport, token, cancel);

    /// <param name="address">Of the node's HTTP API; "any" addresses are asked on loopback.</param>
    /// <param name="path">What is asked for.</param>
    /// <param name="type">How the answer is read.</param>
    /// <param name="token">Shown when there is one.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="IOException">No node answers there, or not as one does; the message says what to do.</exception>
    private static async Task<T> GetAsync<T>(
        IPEndPoint address, string path, JsonTypeInfo<T> type, BearerToken? token, CancellationToken cancel)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false };
        using var client = new HttpClient(handler) { Timeout = Timeout, MaxResponseContentBufferSize = MaxAnswer };
        if (token is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token.Value);
        try
        {
            using HttpResponseMessage answer = await client.GetAsync(new Uri($"http://{Reachable(address)}{path}"), cancel);
            if (answer.StatusCode == HttpStatusCode.Unauthorized)
                throw new IOException($"the node at {address} wants its token; name the file with --http-token FILE");
            if (answer.StatusCode != HttpStatusCode.OK)
                throw NotANode(address, $"it answers {(int)answer.StatusCode}");
            string body = await answer.Content.ReadAsStringAsync(cancel);
            return JsonSerializer.Deserialize(body, type) ?? throw NotANode(address, "its answer is empty");
        }
        catch (HttpRequestException error)
        {
            throw new IOException(
                $"no node answers at {address}; start one with 'p2p-miner run', or say where it is with --http ADDR:PORT", error);
        }
        catch (OperationCanceledException error) when (!cancel.IsCancellationRequested)
        {
            throw new IOException($"the node at {address} does not answer within {Timeout.TotalSeconds} s", error);
        }
        catch (JsonException error)
        {
            throw NotANode(address, error.Message);
        }
    }

    private static IPEndPoint Reachable(IPEndPoint address) =>
        address.Address.Equals(IPAddress.Any) ? new IPEndPoint(IPAddress.Loopback, address.Port)
        : address.Address.Equals(IPAddress.IPv6Any) ? new IPEndPoint(IPAddress.IPv6Loopback, address.Port)
        : address;

    private static IOException NotANode(IPEndPoint address, string why) =>
        new($"what answers at {address} is no p2p-miner of this version ({why}); say where the node is with --http ADDR:PORT");
}
