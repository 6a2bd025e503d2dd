// The experiments of the DDPM paper (Ho et al. 2020) and the DDIM paper (Song et al. 2021) on garments, for two CPU cores: docs/experiments.md has the
// question, the paper's claim and the figures of each. Without a name, help lists them:
//
//     dotnet run -c Release --project samples/Experiments -- table1
using System.CommandLine;
using Experiments;
using Microsoft.ML.Diffusion.Samples;

return Shell.Run(cancellationToken =>
{
    var root = new RootCommand("Reruns the experiments of the DDPM and DDIM papers on garments: table.md, table.csv, a chart and a sheet of images for each.");
    foreach (var command in ExperimentCommands.Create(cancellationToken))
    {
        root.Add(command);
    }

    return root.Parse(args).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
});
