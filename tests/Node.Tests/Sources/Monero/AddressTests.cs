using System.Text;
using System.Text.Json;
using P2PMiner.Mining.Monero;
using P2PMiner.Node.Sources.Monero;
using SimpleBase;

namespace P2PMiner.Node.Tests.Sources.Monero;

[TestFixture]
internal sealed class AddressTests
{
    private const string Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    private const int Mutations = 4_000;

    private static IReadOnlyList<JsonElement> ValidAddresses => AddressVectors.Read("addresses.json");

    private static IEnumerable<TestCaseData> Valid => AddressVectors.Cases("addresses.json");

    private static IEnumerable<TestCaseData> Invalid => AddressVectors.Cases("addresses.json", "invalid");

    private static IEnumerable<TestCaseData> Keys => AddressVectors.Cases("addresses-keys.json");

    [TestCaseSource(nameof(Valid))]
    public void Address_IsReadAsPublished(JsonElement vector)
    {
        string text = vector.GetProperty("address").GetString()!;

        Assert.That(MoneroAddress.TryParse(text, out MoneroAddress? address, out string error), Is.True, error);
        Assert.That(error, Is.Empty);
        Assert.That(address!.Text, Is.EqualTo(text));
        Assert.That(address.Network.ToString(), Is.EqualTo(vector.GetProperty("network").GetString()).IgnoreCase);
        Assert.That(address.Kind.ToString(), Is.EqualTo(vector.GetProperty("kind").GetString()).IgnoreCase);
        Assert.That(address.SpendKey.ToString(), Is.EqualTo(vector.GetProperty("spend_key").GetString()));
        Assert.That(address.ViewKey.ToString(), Is.EqualTo(vector.GetProperty("view_key").GetString()));
        Assert.That(address.PaymentId, Is.EqualTo(vector.GetProperty("payment_id").GetString()));
    }

    [TestCaseSource(nameof(Invalid))]
    public void WrongAddress_IsRefusedWithItsReason(JsonElement vector)
    {
        bool parsed = MoneroAddress.TryParse(vector.GetProperty("address").GetString()!, out MoneroAddress? address, out string error);

        Assert.That(parsed, Is.False);
        Assert.That(address, Is.Null);
        Assert.That(error, Does.Contain(vector.GetProperty("error").GetString()));
    }

    [TestCaseSource(nameof(Valid))]
    public void AnyChangedCharacter_IsNoticed(JsonElement vector)
    {
        string text = vector.GetProperty("address").GetString()!;
        for (int i = 0; i < text.Length; i++)
        {
            char other = Alphabet[(Alphabet.IndexOf(text[i], StringComparison.Ordinal) + 1 + i % 56) % Alphabet.Length];
            string changed = string.Concat(text.AsSpan(0, i), [other], text.AsSpan(i + 1));
            Assert.That(MoneroAddress.TryParse(changed, out _, out string error), Is.False, changed);
            Assert.That(error, Does.Contain("mistyped"));
        }
    }

    [TestCaseSource(nameof(Keys))]
    public void Key_IsValidExactlyWhenOnTheCurve(JsonElement vector)
    {
        byte[] key = Convert.FromHexString(vector.GetProperty("key").GetString()!);

        Assert.That(AddressKey.IsValid(key), Is.EqualTo(vector.GetProperty("valid").GetBoolean()));
    }

    // monero-project/monero tests/unit_tests/base58.cpp, fails_on_invalid_address_spend_key and ..._view_key
    [TestCase(0, 0x00)]
    [TestCase(63, 0x01)]
    public void InvalidKey_IsRefusedThoughTheChecksumHolds(int index, byte value)
    {
        byte[] content = Convert.FromHexString(
            "12f724bc5c6cfbb9d97602c300423a2f28641874513a035778a0c1778d833201e9"
            + "220939689edf1abd5bc1d031f73ecd6c993add66d6808870456afeb8e7eeb68d");
        content[1 + index] = value;

        Assert.That(MoneroAddress.TryParse(Encode(content), out _, out string error), Is.False);
        Assert.That(error, Does.Contain("invalid public key"));
    }

    [TestCase(19, 65)]
    [TestCase(18, 73)]
    public void TagOfAnotherKind_IsRefused(byte tag, int contentSize)
    {
        var content = new byte[contentSize];
        content[0] = tag;

        Assert.That(MoneroAddress.TryParse(Encode(content), out _, out string error), Is.False);
        Assert.That(error, Does.Contain("does not fit its length"));
    }

    [TestCase('\n', "U+000A")]
    [TestCase(' ', "U+0020")]
    [TestCase('é', "U+00E9")]
    [TestCase('l', "'l'")]
    public void StrangeCharacter_IsNamedOnOneLine(char character, string name)
    {
        string text = ValidAddresses[0].GetProperty("address").GetString()!;

        Assert.That(MoneroAddress.TryParse(character + text[1..], out _, out string error), Is.False);
        Assert.That(error, Does.StartWith($"{name} at position 1 ").And.Not.Contain("\n"));
    }

    [Test]
    public void Rewards_GoToMainAddressesOnly()
    {
        foreach (JsonElement vector in ValidAddresses)
        {
            string text = vector.GetProperty("address").GetString()!;
            Assert.That(MoneroAddress.TryParse(text, out MoneroAddress? address, out _), Is.True);
            bool can = address!.CanReceiveRewards(out string error);
            Assert.That(can, Is.EqualTo(address.Kind == MoneroAddressKind.Standard));
            Assert.That(error.Length == 0, Is.EqualTo(can));
        }
    }

    // monero-project/monero tests/unit_tests/base58.cpp, decode_block
    [TestCase("5Q", "ff")]
    [TestCase("LUv", "ffff")]
    [TestCase("2UzHL", "ffffff")]
    [TestCase("7YXq9G", "ffffffff")]
    [TestCase("VtB5VXc", "ffffffffff")]
    [TestCase("3CUsUpv9t", "ffffffffffff")]
    [TestCase("Ahg1opVcGW", "ffffffffffffff")]
    [TestCase("jpXCZedGfVQ", "ffffffffffffffff")]
    [TestCase("22222222222", "06156013762879f7")]
    [TestCase("1z111111111", "05e022ba374b2a00")]
    [TestCase("22222222222VtB5VXc", "06156013762879f7ffffffffff")]
    [TestCase("5R", null)]
    [TestCase("LUw", null)]
    [TestCase("2UzHM", null)]
    [TestCase("7YXq9H", null)]
    [TestCase("VtB5VXd", null)]
    [TestCase("3CUsUpv9u", null)]
    [TestCase("Ahg1opVcGX", null)]
    [TestCase("jpXCZedGfVR", null)]
    [TestCase("123456789ABzzzzzzzzzzz", null)]
    [TestCase("I1111111111", null)]
    public void Base58_DecodesOnlyWhatFits(string text, string? expected)
    {
        var decoded = new byte[AddressBase58.DecodedLength(text.Length)];
        bool succeeded = AddressBase58.TryDecode(text, decoded, out string error);

        Assert.That(succeeded, Is.EqualTo(expected is not null), error);
        if (succeeded)
            Assert.That(Convert.ToHexStringLower(decoded), Is.EqualTo(expected));
    }

    [TestCase(1)]
    [TestCase(4)]
    [TestCase(8)]
    [TestCase(12)]
    public void Base58_KnowsWhichLengthsNoEncodingHas(int characters) =>
        Assert.That(AddressBase58.DecodedLength(characters), Is.EqualTo(-1));

    [Test]
    public void MutatedText_IsRefusedOrReadExactly()
    {
        var random = new Random(20_251);
        int accepted = 0;
        for (int i = 0; i < Mutations; i++)
        {
            string text = Mutate(ValidAddresses[random.Next(ValidAddresses.Count)].GetProperty("address").GetString()!, random);
            bool parsed = MoneroAddress.TryParse(text, out MoneroAddress? address, out string error);
            Assert.That(error.Length == 0, Is.EqualTo(parsed));
            Assert.That(error, Does.Not.Contain("\n"));
            if (parsed)
            {
                Assert.That(Encode(ContentOf(address!)), Is.EqualTo(text));
                accepted++;
            }
        }
        Assert.That(accepted, Is.InRange(Mutations / 20, Mutations / 2), "some inputs stay whole or get a new checksum");
    }

    private static string Mutate(string text, Random random)
    {
        switch (random.Next(6))
        {
            case 0:
                return text;
            case 1:
                return text[..random.Next(text.Length + 1)];
            case 2:
                return text + new string('1', random.Next(200));
            case 3:
                var characters = new StringBuilder(text);
                for (int n = random.Next(1, 4); n > 0; n--)
                    characters[random.Next(text.Length)] = (char)random.Next(random.Next(2) == 0 ? 0x80 : 0x10000);
                return characters.ToString();
            default:
                // Past the checksum: any content byte may change, and the checksum with it.
                byte[] content = Base58.Monero.Decode(text).AsSpan()[..^4].ToArray();
                content[random.Next(3) == 0 ? 0 : random.Next(content.Length)] = (byte)random.Next(256);
                return Encode(content);
        }
    }

    private static byte[] ContentOf(MoneroAddress address)
    {
        int[][] tags = [[18, 19, 42], [53, 54, 63], [24, 25, 36]];
        byte tag = (byte)tags[(int)address.Network][(int)address.Kind];
        return [tag, .. address.SpendKey.ToArray(), .. address.ViewKey.ToArray(), .. Convert.FromHexString(address.PaymentId ?? "")];
    }

    private static string Encode(byte[] content) =>
        Base58.Monero.Encode([.. content, .. Keccak256.Hash(content).ToArray().AsSpan(0, 4)]);
}
