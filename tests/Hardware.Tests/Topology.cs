using System.Globalization;
using System.Text.Json;
using P2PMiner.Hardware.Linux;

namespace P2PMiner.Hardware.Tests;

/// <summary>
/// A machine as Topologies/*.json describes it. "files" holds texts word for word (an array is one line each) over those
/// of the topology named by "extends"; "cpuinfo", "cores", "caches", "nodes" and "meminfo" are written out to the files
/// that a kernel would show, where "core" in a list of sharers stands for each core's own CPUs.
/// </summary>
internal sealed class Topology
{
    private readonly Dictionary<string, string> _files = new(StringComparer.Ordinal);
    private readonly List<string> _folders = [];

    public static IReadOnlyList<string> Names { get; } =
        [.. Directory.GetFiles(Folder, "*.json").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    public required string Source { get; init; }

    public IReadOnlyDictionary<string, string> Files => _files;

    private static string Folder => Path.Combine(TestContext.CurrentContext.TestDirectory, "Topologies");

    public static Topology Load(string name)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, name + ".json")));
        JsonElement json = document.RootElement;
        var topology = new Topology { Source = json.GetProperty("source").GetString()! };
        if (json.TryGetProperty("extends", out JsonElement extends))
            topology.Take(Load(extends.GetString()!));
        if (json.TryGetProperty("cores", out JsonElement cores))
            topology.ExpandCpus(json, cores);
        if (json.TryGetProperty("meminfo", out JsonElement meminfo))
            topology._files["/proc/meminfo"] = MemoryText("", meminfo);
        foreach (JsonElement folder in Items(json, "folders"))
            topology._folders.Add(folder.GetString()!);
        foreach (JsonProperty file in json.GetProperty("files").EnumerateObject())
            topology._files[file.Name] = Text(file.Value);
        return topology;
    }

    /// <summary>Writes the files below <paramref name="root"/>.</summary>
    public void WriteTo(string root)
    {
        foreach (string folder in _folders)
            Directory.CreateDirectory(Locate(root, folder));
        foreach ((string path, string text) in _files)
        {
            string file = Locate(root, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, text);
        }
    }

    public static string Locate(string root, string path) => Path.Combine(root, path.TrimStart('/'));

    private void Take(Topology other)
    {
        foreach ((string path, string text) in other._files)
            _files[path] = text;
        _folders.AddRange(other._folders);
    }

    private void ExpandCpus(JsonElement json, JsonElement cores)
    {
        List<string> siblings = [];
        List<int> cpus = [];
        foreach (JsonElement group in cores.EnumerateArray())
        {
            foreach (string list in group.GetProperty("cpus").EnumerateArray().Select(item => item.GetString()!))
            {
                siblings.Add(list);
                foreach (int cpu in Parse(list))
                {
                    cpus.Add(cpu);
                    _files[$"/sys/devices/system/cpu/cpu{cpu}/topology/core_cpus_list"] = list + "\n";
                    _files[$"/sys/devices/system/cpu/cpu{cpu}/topology/physical_package_id"] = group.GetProperty("package") + "\n";
                }
            }
        }
        string last = (cpus.Count - 1).ToString(CultureInfo.InvariantCulture);
        _files["/sys/devices/system/cpu/online"] = $"0-{last}\n";
        _files["/proc/self/status"] = $"Name:\tp2p-miner\nCpus_allowed_list:\t0-{last}\n";
        _files["/proc/cpuinfo"] = string.Join("\n", cpus.Order().Select(cpu => CpuText(cpu, json.GetProperty("cpuinfo"))));
        ExpandCaches(json, siblings);
        ExpandNodes(json);
    }

    private void ExpandCaches(JsonElement json, List<string> siblings)
    {
        Dictionary<int, int> nextIndex = [];
        foreach (JsonElement cache in Items(json, "caches"))
        {
            IEnumerable<string> shared = cache.GetProperty("shared").EnumerateArray().Select(item => item.GetString()!);
            foreach (string list in shared.SelectMany(list => list == "core" ? siblings : [list]))
            {
                foreach (int cpu in Parse(list))
                {
                    int index = nextIndex.GetValueOrDefault(cpu);
                    nextIndex[cpu] = index + 1;
                    string folder = $"/sys/devices/system/cpu/cpu{cpu}/cache/index{index}";
                    _files[$"{folder}/level"] = cache.GetProperty("level") + "\n";
                    _files[$"{folder}/type"] = cache.GetProperty("type") + "\n";
                    _files[$"{folder}/size"] = cache.GetProperty("size") + "\n";
                    _files[$"{folder}/shared_cpu_list"] = list + "\n";
                }
            }
        }
    }

    private void ExpandNodes(JsonElement json)
    {
        int id = 0;
        foreach (JsonElement node in Items(json, "nodes"))
        {
            string folder = $"/sys/devices/system/node/node{id}";
            _files[$"{folder}/cpulist"] = node.GetProperty("cpus") + "\n";
            _files[$"{folder}/meminfo"] = MemoryText($"Node {id} ", node);
            id++;
        }
    }

    private static string CpuText(int cpu, JsonElement info) =>
        $"processor\t: {cpu}\n" + string.Concat(info.EnumerateObject().Select(line => $"{line.Name}\t: {line.Value}\n"));

    private static string MemoryText(string prefix, JsonElement values) => string.Concat(values.EnumerateObject()
        .Where(value => value.Value.ValueKind == JsonValueKind.Number)
        .Select(value => $"{prefix}{value.Name}:{value.Value,16} kB\n"));

    private static int[] Parse(string list) =>
        CpuList.TryParse(list, out int[] cpus) ? cpus : throw new InvalidDataException($"'{list}' is not a list of CPUs");

    private static string Text(JsonElement value) => value.ValueKind == JsonValueKind.Array
        ? string.Concat(value.EnumerateArray().Select(line => line.GetString() + "\n"))
        : value.GetString() + "\n";

    private static JsonElement.ArrayEnumerator Items(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement items) ? items.EnumerateArray() : default;
}
