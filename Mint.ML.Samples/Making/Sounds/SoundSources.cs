namespace Mint.ML.Samples.Making.Sounds;

/// <summary>A package of a registry that holds sounds.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Registry">"debian" or "npm".</param>
/// <param name="HeldOut">Whether its sounds are measured on and never trained on.</param>
/// <param name="Version">The version that is fetched; null of Debian, whose release decides.</param>
internal sealed record SoundPackage(string Name, string Registry, bool HeldOut = false, string? Version = null)
{
    /// <summary>Its name as a folder's, and as npm's file begins: "@audio-samples/piano" is audio-samples-piano.</summary>
    public string FileName => Name.TrimStart('@').Replace('/', '-');
}

/// <summary>What the registries offer. The clips are for training here; their licences stand in the manifest, and they are not shipped.</summary>
internal static class SoundSources
{
    /// <summary>Speech on telephones, whose speakers are few: a package counts as one source, however many prompts it has.</summary>
    private static readonly string[] speech =
    [
        "asterisk-core-sounds-en-wav", "asterisk-core-sounds-fr-wav", "asterisk-core-sounds-es-wav", "asterisk-core-sounds-it-wav",
        "asterisk-core-sounds-ru-wav",
    ];

    private static readonly string[] music = ["asterisk-moh-opsound-wav", "freepats", "hydrogen-data", "hydrogen-drumkits", "lmms-common"];

    // Of games, desktops and programs for children, those with recorded sounds in plain files.
    private static readonly string[] effects =
    [
        "scratch", "sonic-pi-samples", "tuxpaint-stamps-default", "widelands-data", "unknown-horizons", "wesnoth-1.16-data", "sound-theme-freedesktop",
        "searchandrescue-data", "chuck-data", "bucklespring-data", "flare-game", "brainparty-data", "crossfire-client", "freedroidrpg-data",
        "endless-sky-data", "megaglest-data", "hedgewars-data", "openttd-opensfx", "simutrans-data", "warzone2100-data", "openclonk-data",
        "minetest-mod-mobs-redo", "minetest-mod-nether", "gnome-audio", "deepin-sound-theme", "ufoai-sound", "colobot-common-sounds", "pingus-data",
        "extremetuxracer-data", "bzflag-data", "marsshooter-data", "warmux-data", "0ad-data", "eiskaltdcpp-sounds", "heroes-sound-effects", "lomiri-sounds",
    ];

    private static readonly string[] heldOut = ["lincity-ng-data", "minetest-data", "scorched3d-data", "lugaru-data", "oxygen-sounds"];

    // Heard by nothing: not by what is trained, and not by what validates a training.
    private static readonly string[] measured =
    [
        "alienblaster-data", "ardentryst", "blinken", "boswars-data", "btanks-data", "bumprace-data", "caveexpress-data", "cinnamon-common", "dreamchess-data",
        "enigma-data", "fillets-ng-data", "foobillardplus-data", "freedink-data", "frozen-bubble-data", "funnyboat", "gajim", "gl-117-data", "granatier",
        "hex-a-hop-data", "holotz-castle-data", "kanagram", "kbounce", "klettres-data", "kolf", "ktuberling-data", "lbreakout2-data", "linphone-common",
        "lmarbles", "ltris", "pathological", "performous", "pidgin-data", "pinball-data", "pokerth-data", "psi", "pysiogame", "raincat-data", "sound-icons",
        "tecnoballz-data", "toppler", "trackballs-data", "tumiki-fighters-data", "tuxfootball", "tuxmath-data", "tuxtype-data", "xmoto-data",
        "yaru-theme-sound", "zaz-data",
    ];

    /// <summary>What is only measured on, in the order in which it is fetched: besides the held-out packages of <see cref="All"/>, others.</summary>
    public static IReadOnlyList<SoundPackage> Measured { get; } =
        [.. heldOut.Concat(measured).Select(name => new SoundPackage(name, "debian", HeldOut: true))];

    /// <summary>Every package, in the order in which they are fetched.</summary>
    public static IReadOnlyList<SoundPackage> All { get; } =
    [
        .. effects.Concat(music).Concat(speech).Select(name => new SoundPackage(name, "debian")),
        .. heldOut.Select(name => new SoundPackage(name, "debian", HeldOut: true)),
        new SoundPackage("supersonic-scsynth-samples", "npm", Version: "0.84.2"),
    ];
}
