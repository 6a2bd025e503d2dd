using System.Globalization;
using Microsoft.ML.Diffusion.Fuzz.Checks;
using Microsoft.ML.Diffusion.Persistence.ModelFile;
using Microsoft.ML.Diffusion.Persistence.Safetensors;
using Microsoft.ML.Diffusion.Tests.Evaluation;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Tests.Groups;
using Microsoft.ML.Diffusion.Tests.Processes;
using SharpFuzz;

// Checks with counts that the tests have no time for.
switch (args)
{
    case ["exact"]:
        return ExactSamplers.Run();
    case ["layers", var count]:
        return Layers.Run(int.Parse(count, CultureInfo.InvariantCulture));
    case ["networks", var count]:
        return RandomPlans.Run(int.Parse(count, CultureInfo.InvariantCulture));
    case ["onnx", var count]:
        return OnnxFiles.Run(int.Parse(count, CultureInfo.InvariantCulture));
    case ["kernel-error", var repetitions]:
        KernelError.Run(int.Parse(repetitions, CultureInfo.InvariantCulture));
        return 0;
    case ["spectra", var count]:
        return SpectrumCases.Run(int.Parse(count, CultureInfo.InvariantCulture));
    case ["likelihood-timesteps", var model, var pictures, var count, var seeds]:
        LikelihoodTimesteps.Run(
            model,
            pictures,
            int.Parse(count, CultureInfo.InvariantCulture),
            int.Parse(seeds, CultureInfo.InvariantCulture));
        return 0;
    case ["interruptions", var count]:
        return InterruptedRuns.Run(int.Parse(count, CultureInfo.InvariantCulture));
    case ["interrupted", var folder, var end]:
        InterruptedRun.Run(folder, end);
        return 0;
    case ["losses", var count]:
        return LossGradients.Run(int.Parse(count, CultureInfo.InvariantCulture));
    case ["random"]:
        return RandomNumberStatistics.Run();
    case ["runs", var count]:
        return Runs.Run(int.Parse(count, CultureInfo.InvariantCulture));
    case ["service", var model, var count]:
        return await ServiceUnderLoad.RunAsync(model, int.Parse(count, CultureInfo.InvariantCulture));
    case ["options", var count]:
        return SaveableOptions.Run(int.Parse(count, CultureInfo.InvariantCulture));
    case ["large-images", var how, var count]:
        return LargeImageRows.Run(how, int.Parse(count, CultureInfo.InvariantCulture));
    case ["memory", var share, var bound]:
        return MemoryGrowth.Run(double.Parse(share, CultureInfo.InvariantCulture), double.Parse(bound, CultureInfo.InvariantCulture));
    case ["processes", var count]:
        return KilledProcesses.Run(int.Parse(count, CultureInfo.InvariantCulture));
    case ["mpi", var what, var folder]:
        return MpiProcess.Run(what, folder);
    case ["dispose", var rounds]:
        return DisposeWhileUsed.Run(int.Parse(rounds, CultureInfo.InvariantCulture));
    case ["served", var count]:
        return ServedRequests.Run(int.Parse(count, CultureInfo.InvariantCulture));
    case ["damaged-images", var count]:
        return DamagedImageFiles.Run(int.Parse(count, CultureInfo.InvariantCulture));
    case ["damaged-metadata", var count]:
        return DamagedMetadataFiles.Run(int.Parse(count, CultureInfo.InvariantCulture));
    case ["fit", var seed]:
        return ShortFit.Run(int.Parse(seed, CultureInfo.InvariantCulture));
}

// Reads one file by one of the library's readers. Whatever but a FormatException leaves it is a finding.
Action<Stream> target = args is [var name, ..] ? name switch
{
    "model" => stream => ModelInspector.Inspect(stream),
    "safetensors" => stream => SafetensorsFile.FromStream(stream, "fuzz"),
    "config" => stream => ModelConfigMapping.ToDescription(ModelConfig.FromJson(Bytes(stream))),
    "unet" => stream => DiffusersTarget.ReadNetwork(stream),
    "scheduler" => stream => DiffusersTarget.ReadScheduler(stream),
    "index" => stream => DiffusersTarget.ReadIndex(stream),
    "image" => stream => ReadImage(Bytes(stream)),
    _ => throw new ArgumentException($"Unknown target {name}: expected model, safetensors, config, unet, scheduler, index or image."),
} : throw new ArgumentException("Name a target: model, safetensors, config, unet, scheduler, index or image. A file after it is read once, without the fuzzer.");

if (args.Length > 1)
{
    using var file = File.OpenRead(args[1]);
    Read(file);
}
else
{
    Fuzzer.OutOfProcess.Run(stream =>
    {
        using var copy = new MemoryStream(Bytes(stream)); // can seek, as a file can
        Read(copy);
    });
}

return 0;

void Read(Stream stream)
{
    try
    {
        target(stream);
    }
    catch (Exception exception) when (exception is FormatException or NotSupportedException or InvalidDataException or EndOfStreamException)
    {
        // What DiffusionCatalog makes a FormatException of, and what diffusers' folders are refused with.
    }
}

static void ReadImage(byte[] bytes)
{
    if (DamagedImages.Read(bytes, out _) is { } fault)
    {
        throw new InvalidOperationException(fault);
    }
}

static byte[] Bytes(Stream stream)
{
    using var content = new MemoryStream();
    stream.CopyTo(content);
    return content.ToArray();
}
