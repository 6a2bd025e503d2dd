using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Tool;

/// <summary>diffusion serve as a command: what it prints, and how it ends.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class ToolServeTests
{
    [TestMethod]
    public async Task Serve_CtrlC_EndsItWell()
    {
        using var playground = await PlaygroundProcess.StartAsync(Garments.ModelPath);
        Assert.AreEqual($"Open {playground.Address} in a browser; Ctrl+C ends.", playground.Output);
        Assert.AreEqual("127.0.0.1", playground.Root.Host);

        var running = playground.EventsAsync("/api/generate", new { sampler = "ddim", steps = 50, count = 16 });
        var (exitCode, output, error) = await playground.StopAsync();

        Assert.AreEqual((0, "", ""), (exitCode, output, error));
        await Task.WhenAny(running);
    }

    [TestMethod]
    public async Task Serve_JsonAndQuiet_PrintOneDocument()
    {
        using var playground = await PlaygroundProcess.StartAsync(Garments.ModelPath, Garments.ModelPath, "--json", "--quiet", "--host", "0.0.0.0");
        var (exitCode, rest, error) = await playground.StopAsync();

        var document = JsonNode.Parse(playground.Output + rest)!;
        Assert.AreEqual((0, ""), (exitCode, error));
        Assert.AreEqual((playground.Address, playground.Root.ToString(), playground.Token), ((string)document["address"]!, (string)document["root"]!, (string)document["token"]!));
        CollectionAssert.AreEqual(new[] { Garments.ModelPath, Garments.ModelPath }, document["models"]!.AsArray().Select(model => (string)model!).ToArray());
    }

    [TestMethod]
    public void Serve_PortThatIsTaken_SaysSo()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;

        var failed = ToolProcess.Run("serve", Garments.ModelPath, "--port", $"{port}");

        Assert.AreEqual((1, $"--port: {port} is in use already. Choose another one, or leave --port out for a free one."), (failed.ExitCode, failed.Error));
    }

    [TestMethod]
    [DataRow("--host example.org", 2, "--host must be localhost or an address of this machine such as 127.0.0.1, or 0.0.0.0 for all of them, but is 'example.org'.")]
    [DataRow("--host 192.0.2.1", 1, "--host: cannot listen at 192.0.2.1, port 0: Cannot assign requested address")]
    [DataRow("--port 65536", 2, "--port must be at most 65535, because ports have 16 bits, but is '65536'.")]
    [DataRow("--port -1", 2, "--port must be a whole number of at least 0, but is '-1'. 'diffusion serve --help' lists what can be given.")]
    [DataRow("--images nowhere", 1, "--images: there is no folder 'nowhere'.")]
    [DataRow("nothing.zip", 1, "There is no file and no folder 'nothing.zip'.")]
    public void Serve_WhatCannotBe_IsOneLine(string arguments, int exitCode, string message)
    {
        var failed = ToolProcess.Run(["serve", Garments.ModelPath, .. arguments.Split(' ')]);

        Assert.AreEqual((exitCode, message), (failed.ExitCode, failed.Error));
    }
}
