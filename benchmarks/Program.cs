using System.CommandLine;
using System.Globalization;
using Microsoft.ML.Diffusion.Benchmarks;
using Spectre.Console;

if (args is [Worker.Command, var side, var configuration])
{
    Worker.Answer(side, configuration);
    return 0;
}

if (args is ["device", var device])
{
    DeviceSpeed.Print(device);
    return 0;
}

if (args is ["noise"])
{
    NoiseSpeed.Print();
    return 0;
}

if (args is ["scale"])
{
    ScaleTable.Print();
    return 0;
}

if (args is [ProcessWorker.Command, var what, var network])
{
    ProcessWorker.Run(what, network);
    return 0;
}

if (args is ["processes"] or ["processes", _])
{
    ProcessSpeed.Print(args.ElementAtOrDefault(1) ?? "", rounds: 3);
    return 0;
}

if (args is ["serving", var model, .. var time])
{
    ServingSpeed.Print(model, time is [var seconds] ? double.Parse(seconds, CultureInfo.InvariantCulture) : 20);
    return 0;
}

if (args is ["engine", .. var rest])
{
    EngineSpeed.Print(rest.FirstOrDefault(name => name != "profile") ?? "", rest.Contains("profile"));
    return 0;
}

var json = new Option<FileInfo?>("--json") { Description = "Also writes the figures to this file." };
var rounds = new Option<int>("--rounds") { Description = "How often both sides are measured, in turn.", DefaultValueFactory = _ => 3 };
var command =
    new RootCommand(
        "Measures the library beside the same network written by hand in TorchSharp, each in a process of its own, and prints medians.")
        {
            json,
            rounds,
            SamplerTable.Command,
            InversionTable.Command,
            FlowTable.Command,
        };
command.SetAction(result =>
{
    var comparison = Comparison.Run(result.GetValue(rounds), AnsiConsole.Console);
    AnsiConsole.Write(comparison.ToTable());
    if (result.GetValue(json) is { } file)
    {
        comparison.Save(file.FullName);
    }
});
return command.Parse(args).Invoke();
