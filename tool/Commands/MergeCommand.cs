using System.CommandLine;
using Diffusion.Tool.Options;
using Diffusion.Tool.Running;
using Diffusion.Tool.Shards;
using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Tool.Commands;

/// <summary>diffusion merge: all shards of a run, checked and named in one manifest.</summary>
internal sealed class MergeCommand : ToolCommand
{
    private const string MergedContent = "images of all shards";

    private readonly Argument<string> _folder;
    private readonly Option<bool> _force;

    public MergeCommand(CancellationToken cancellationToken)
        : base(
            "merge",
            "Check the shards of 'generate --shard': complete, of one model and its options, as they were written; and write one manifest of all",
            cancellationToken)
    {
        _folder = Added(new Argument<string>("FOLDER") { Description = "The --output of the shards, in which all of them lie" });
        _force = Added(CommonOptions.Force());
    }

    protected override Result Execute(ParseResult parsed, Session session)
    {
        var folder = parsed.GetRequiredValue(_folder);
        if (!Directory.Exists(folder))
        {
            throw new ToolException($"There is no folder '{folder}'.");
        }

        var merge = new ShardMerge(folder, session);
        session.Show("Checking shards", () =>
        {
            merge.Check();
            return 0;
        });
        return merge.Faults.Count > 0 ? Incomplete(merge, folder) : Complete(merge, folder, parsed.GetValue(_force));
    }

    private static Result Incomplete(ShardMerge merge, string folder)
    {
        const int Named = 20;
        var (faults, commands) = (merge.Faults, merge.Commands());
        string?[] lines =
        [
            .. faults.Take(Named).Select(fault => $"{fault}"),
            faults.Count > Named ? $"and {faults.Count - Named} more" : null,
            File.Exists(Path.Combine(folder, ShardManifest.FileName)) ? $"{Path.Combine(folder, ShardManifest.FileName)} is of before" : null,
            "No manifest is written. This makes what is missing:",
            .. commands.Take(Named).Select(command => $"  {command}"),
            commands.Count > Named ? $"  and {commands.Count - Named} more: --json lists all" : null,
        ];
        return new Result(
            lines,
            new { Complete = false, Faults = faults.Select(fault => new { fault.Name, fault.What }), Commands = commands },
            Shell.Failed);
    }

    private static Result Complete(ShardMerge merge, string folder, bool force)
    {
        var (path, run) = (Path.Combine(folder, ShardManifest.FileName), merge.Run);
        var text = Json.Text(new
        {
            Content = MergedContent,
            Version = ShardManifest.CurrentVersion,
            Run = run,
            Devices = merge.Shards.Select(shard => shard.Device).Distinct().Order(StringComparer.Ordinal),
            Folders = merge.Shards.Select(shard => new
            {
                Name = ShardCut.NameOf(shard.Folder),
                shard.Images.First,
                shard.Images.Count,
                shard.ManifestSha256,
            }),
        });
        if (File.Exists(path) && !force && File.ReadAllText(path) != text.ReplaceLineEndings("\n"))
        {
            throw new ToolException($"'{path}' is there already and of other images. Add --force to replace it.");
        }

        WholeFile.WriteText(path, text);
        return new Result(
            [$"All {run.Count} images in {merge.Shards.Count} folders are there and as they were written. Wrote {path}"],
            new { Complete = true, run.Count, Folders = merge.Shards.Count, Manifest = path });
    }
}
