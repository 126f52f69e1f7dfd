using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace P2PMiner.Node.Api;

/// <summary>
/// The page for people: files that were built into the program. They hold nothing of the node, so they need no token; the page
/// asks for it before it asks for anything else.
/// </summary>
internal sealed class WebPage
{
    private const string Prefix = "web/";
    private const string Index = "index.html";

    /// <summary>Stands in for the page of a program that was built without it.</summary>
    private const string Missing = "missing.html";

    /// <summary>
    /// Nothing but the page's own files, no script or style within markup, and no markup from text: a name that a stranger chose
    /// cannot become code.
    /// </summary>
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        + "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

    private static readonly Dictionary<string, string> Types = new()
    {
        [".html"] = "text/html; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".svg"] = "image/svg+xml",
    };

    private readonly Dictionary<string, WebFile> _files = [];

    public WebPage()
    {
        Assembly assembly = typeof(WebPage).Assembly;
        foreach (string name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)))
            _files["/" + name[Prefix.Length..]] = new WebFile(Read(assembly, name), Types[Path.GetExtension(name)]);
        _files["/"] = _files.TryGetValue("/" + Index, out WebFile? page) ? page : _files["/" + Missing];
    }

    /// <summary>Whether the page was built into the program.</summary>
    public bool IsBuiltIn => _files.ContainsKey("/" + Index);

    public bool Has(string path) => _files.ContainsKey(path);

    /// <summary>Answers with a file that there is.</summary>
    public Task ServeAsync(HttpContext context)
    {
        WebFile file = _files[context.Request.Path.Value!];
        IHeaderDictionary headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.CacheControl = "no-cache";
        headers.ETag = file.Tag;
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        if (context.Request.Headers.IfNoneMatch == file.Tag)
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }
        context.Response.ContentType = file.Type;
        context.Response.ContentLength = file.Content.Length;
        return context.Response.Body.WriteAsync(file.Content, context.RequestAborted).AsTask();
    }

    private static byte[] Read(Assembly assembly, string name)
    {
        using Stream stream = assembly.GetManifestResourceStream(name)!;
        byte[] content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }

    private sealed record WebFile(byte[] Content, string Type)
    {
        /// <summary>Tells a browser whether it has this very file already.</summary>
        public string Tag { get; } = $"\"{Convert.ToHexStringLower(SHA256.HashData(Content).AsSpan(0, 16))}\"";
    }
}
