namespace WebApi;

/// <summary>What went wrong last, for /health.</summary>
internal sealed class ServiceFaults
{
    private volatile string? _last;

    public string? Last => _last;

    public void Add(Exception fault) => _last = FormattableString.Invariant($"{DateTime.UtcNow:O} {fault.Message}");
}
