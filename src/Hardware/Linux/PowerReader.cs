namespace P2PMiner.Hardware.Linux;

/// <summary>Power supplies from /sys/class/power_supply (Linux Documentation/ABI/testing/sysfs-class-power).</summary>
internal static class PowerReader
{
    private const string SupplyRoot = "/sys/class/power_supply";

    public static PowerInfo Read(SystemTree tree)
    {
        if (!tree.FolderExists(SupplyRoot))
        {
            tree.Note($"the power source is unknown ({SupplyRoot})");
            return new PowerInfo(PowerSource.Unknown, HasBattery: false, BatteryPercent: null);
        }
        List<bool> chargersOnline = [];
        List<string> batteryStates = [];
        int? lowest = null;
        foreach (string name in tree.Folders(SupplyRoot))
            ReadSupply(tree, name, chargersOnline, batteryStates, ref lowest);
        PowerSource source = Judge(chargersOnline, batteryStates);
        if (source == PowerSource.Unknown)
            tree.Note($"the power source is unknown: no supply tells its state ({SupplyRoot})");
        return new PowerInfo(source, batteryStates.Count > 0, lowest);
    }

    private static void ReadSupply(SystemTree tree, string name, List<bool> chargersOnline, List<string> batteryStates, ref int? lowest)
    {
        string folder = $"{SupplyRoot}/{name}";
        string? type = tree.ReadText($"{folder}/type");
        bool peripheral = tree.ReadText($"{folder}/scope") == "Device";
        if (type is null)
            tree.Note($"the power supply {folder} does not tell its type and is left out");
        if (type is "Mains" or "USB" or "Wireless" && tree.ReadNumber($"{folder}/online") is { } online)
            chargersOnline.Add(online != 0);
        if (type is not ("Battery" or "UPS") || peripheral || tree.ReadNumber($"{folder}/present") == 0)
            return;
        batteryStates.Add(tree.ReadText($"{folder}/status") ?? "");
        if (tree.ReadNumber($"{folder}/capacity") is <= 100 and long percent)
            lowest = Math.Min(lowest ?? 100, (int)percent);
    }

    /// <summary>
    /// A connected charger decides, also when it is too weak and the battery drains beside it. Without one, a battery
    /// that does not charge drains; some firmware then says "Unknown" for its state.
    /// </summary>
    private static PowerSource Judge(List<bool> chargersOnline, List<string> batteryStates)
    {
        if (chargersOnline.Contains(true) || batteryStates.Count == 0)
            return PowerSource.Mains;
        if (batteryStates.Contains("Discharging") || chargersOnline.Count > 0)
            return PowerSource.Battery;
        return batteryStates.Any(state => state is "Charging" or "Full" or "Not charging") ? PowerSource.Mains : PowerSource.Unknown;
    }
}
