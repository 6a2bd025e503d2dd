using System.CommandLine;
using Diffusion.Tool.Options;
using Diffusion.Tool.Running;

namespace Diffusion.Tool.Shards;

/// <summary>--shard, and what other options must be with it.</summary>
internal static class ShardOptions
{
    /// <summary>Gets the option.</summary>
    public static Option<string?> Shard { get; } = new(ShardChoice.OptionName)
    {
        HelpName = "I/N",
        Arity = ArgumentArity.ZeroOrOne,
        Description = "Make only shard I of N, counted from 0, of --count images: folders of at most 10,000 in --output, which 'diffusion merge' checks. Without a value, or as auto, it is the task of a Slurm array; as auto/N that, or the index of a Kubernetes Job, of N",
    };

    /// <summary>Finds the shard that is asked for, and checks that what is typed beside it makes one run of all.</summary>
    /// <param name="parsed">What was typed.</param>
    /// <param name="count">The number of all images.</param>
    /// <param name="seed">The seed, which is not drawn for each shard.</param>
    /// <param name="others">What cannot be typed beside it.</param>
    /// <returns>The shard; <see langword="null"/> if none was asked for.</returns>
    /// <exception cref="UsageException">The options do not go together, or the environment has no shard that fits.</exception>
    public static ShardChoice? Read(ParseResult parsed, Option<int?> count, Option seed, Option[] others)
    {
        if (!parsed.IsGiven(Shard))
        {
            return null;
        }

        if (Array.Find(others, parsed.IsGiven) is { } other)
        {
            throw new UsageException(
                $"{other.Name} and {Shard.Name} exclude each other, because a shard is a part of --count pictures, in folders. Leave one out.");
        }

        if (Array.Find([count, seed], option => !parsed.IsGiven(option)) is { } missing)
        {
            throw new UsageException(
                $"{Shard.Name} needs {missing.Name} {missing.HelpName}, because all shards must have one. Add it, the same for each.");
        }

        var shard = ShardChoice.Of(parsed.GetValue(Shard), Environment.GetEnvironmentVariable);
        return shard.Count <= parsed.GetValue(count) ? shard : throw new UsageException(
            $"{Shard.Name} must be of at most {parsed.GetValue(count)} shards, because each has a picture of --count at least, but is of {shard.Count}.");
    }

    /// <summary>What was typed of some options, for the command that repeats a shard.</summary>
    /// <param name="parsed">What was typed.</param>
    /// <param name="deciding">The options that decide images.</param>
    public static string Arguments(ParseResult parsed, IEnumerable<Option> deciding)
    {
        var words = deciding.Where(parsed.IsGiven).SelectMany(option => parsed.GetResult(option)!.Tokens is { Count: > 0 } tokens
            ? tokens.SelectMany(token => (string[])[option.Name, ShellWord.Of(token.Value)])
            : [option.Name]);
        return string.Join(' ', words);
    }
}
