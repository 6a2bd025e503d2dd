using System.CommandLine;

namespace Experiments;

/// <summary>The command line: a command for each experiment.</summary>
internal static class ExperimentCommands
{
    public static IEnumerable<Command> Create(CancellationToken cancellationToken)
    {
        var spacing =
            new Option<string>("--spacing")
            {
                Description = "Which timesteps: trailing is the library's own; the paper's are quadratic for CIFAR-10 and uniform for other images.",
                DefaultValueFactory = _ => Table1.Spacings[0],
            };
        spacing.AcceptOnlyFromAmong([.. Table1.Spacings]);
        var students =
            new Option<string[]>("--student")
            {
                Description = "A distilled model to time, beside models/garments-4.zip; may be given more than once.",
                DefaultValueFactory = _ => [],
            };

        Command[] commands =
        [
            Command("table1", "DDIM table 1: Frechet distance by steps and eta", (run, parsed) => Table1.Run(run, parsed.GetValue(spacing)!), spacing),
            Command("table2", "DDIM table 2: reconstruction error by steps", (run, _) => Table2.Run(run)),
            Command(
                "figure4",
                "DDIM figure 4: time by steps, and hours for 50,000 images",
                (run, parsed) => Figure4.Run(run, Students(parsed.GetValue(students)!)),
                students),
            Command("consistency", "DDIM sections 5.2 and 5.3: one x_T at several numbers of steps, and between two", (run, _) => Consistency.Run(run)),
            Command("respaced", "Why not train on S steps? 20 of 1000 timesteps beside a model of 20", (run, _) => RespacedTraining.Run(run)),
            Command("parameterization", "DDPM table 2: what is predicted, by which loss, with which variance", (run, _) => Parameterization.Run(run)),
            Command("progressive", "DDPM figure 5: rate and distortion of progressive coding", (run, _) => ProgressiveCoding.Run(run)),
        ];
        return commands;

        Command Command(string name, string description, Action<ExperimentRun, ParseResult> action, params IEnumerable<Option> more) =>
            Experiment(name, description, action, more, cancellationToken);
    }

    private static Command Experiment(
        string name,
        string description,
        Action<ExperimentRun, ParseResult> action,
        IEnumerable<Option> more,
        CancellationToken cancellationToken)
    {
        var quick = new Option<bool>("--quick") { Description = "Only shows, in seconds, that it runs: its figures mean nothing." };
        var full = new Option<bool>("--full") { Description = "The whole counts, instead of those of ten minutes on two cores." };
        var seed = new Option<int>("--seed") { Description = "The seed of everything random.", DefaultValueFactory = _ => 1 };
        var output = new Option<string?>("--output") { Description = "The folder of the files [default: artifacts/Experiments, and in it the command's name]." };
        var command = new Command(name, description) { quick, full, seed, output };
        foreach (var option in more)
        {
            command.Add(option);
        }

        command.Validators.Add(result =>
        {
            if (result.GetValue(quick) && result.GetValue(full))
            {
                result.AddError("--quick must not be given with --full, because one is the opposite of the other. Leave out one of them.");
            }
        });
        command.SetAction(parsed =>
        {
            var size = parsed.GetValue(quick) ? RunSize.Quick : parsed.GetValue(full) ? RunSize.Full : RunSize.Usual;
            action(new ExperimentRun(name, size, parsed.GetValue(seed), parsed.GetValue(output), cancellationToken), parsed);
        });
        return command;
    }

    private static string[] Students(string[] given) => [Path.Combine(AppContext.BaseDirectory, "garments-4.zip"), .. given];
}
