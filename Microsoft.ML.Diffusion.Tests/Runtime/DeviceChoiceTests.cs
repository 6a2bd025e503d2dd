using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Runtime;

/// <summary>Which device is chosen on machines with and without a card, driver and libtorch, none of which is needed here.</summary>
[TestClass]
public sealed class DeviceChoiceTests
{
    private const string NoDriver = "the NVIDIA driver's libcuda.so.1 does not load. Install the driver.";
    private const string UseAnother = "Use \"cpu\", or leave Device unset for the best there is. (Parameter 'Device')";

    private static readonly string _noLibTorch =
        $"the application has no libtorch for CUDA. Add it to the application's project, in place of libtorch-cpu: dotnet add package TorchSharp-cuda-linux --version {CudaFiles.TorchSharpVersion.ToString(3)}.";

    // A machine with two cards and all that CUDA needs.
    private static readonly DeviceProbe _full = new()
    {
        Platform = "linux-x64",
        HasDriver = () => true,
        HasCudaLibTorch = () => true,
        CountCards = () => 2,
        LoadLibTorch = () => "/app/libtorch_cpu.so",
    };

    private static readonly DeviceProbe _withoutDriver = NothingLoaded(_full with { HasDriver = () => false });
    private static readonly DeviceProbe _withoutLibTorch = NothingLoaded(_full with { HasCudaLibTorch = () => false });

    [TestMethod]
    public void Resolve_NoName_TakesCudaWhereAllOfItIsThere()
    {
        Assert.AreEqual(ComputeDevice.Cuda(0), Resolve(null, _full));
        Assert.AreEqual(ComputeDevice.Cuda(1), Resolve(null, _full, new MLContext { GpuDeviceId = 1 }));
        Assert.AreEqual(ComputeDevice.Cpu, Resolve(null, _full with { CountCards = () => 0 }));
        Assert.AreEqual(ComputeDevice.Cpu, Resolve(null, _full, new MLContext { GpuDeviceId = 2, FallbackToCpu = true }));
    }

    [TestMethod]
    public void Resolve_WayToTheCpu_LoadsNothing()
    {
        Assert.AreEqual(ComputeDevice.Cpu, Resolve(null, _withoutDriver));
        Assert.AreEqual(ComputeDevice.Cpu, Resolve(null, _withoutLibTorch));
        Assert.AreEqual(ComputeDevice.Cpu, Resolve(null, NothingLoaded(_full with { Platform = "linux-arm64" })));
        Assert.AreEqual(ComputeDevice.Cpu, Resolve("cpu", NothingAsked()));
    }

    [TestMethod]
    public void Resolve_Names_AreDevices()
    {
        Assert.AreEqual(ComputeDevice.Cuda(0), Resolve("cuda", _full));
        Assert.AreEqual(ComputeDevice.Cuda(1), Resolve("cuda:1", _full));
        Assert.AreEqual(ComputeDevice.Torch, Resolve("torch", _withoutDriver with { LoadLibTorch = () => "/app/libtorch_cpu.so" }));
        foreach (var device in (ComputeDevice[])[ComputeDevice.Cpu, ComputeDevice.Torch, ComputeDevice.Cuda(1)])
        {
            Assert.AreEqual(device, Resolve(device.ToString(), _full));
        }
    }

    [TestMethod]
    [DataRow("gpu")]
    [DataRow("")]
    [DataRow("CPU")]
    [DataRow("cpu:0")]
    [DataRow("cuda:")]
    [DataRow("cuda:-1")]
    [DataRow("cuda:0:1")]
    [DataRow("cuda: 1")]
    public void Resolve_NoDevice_SaysWhichNamesThereAre(string name) => Messages.Expect<ArgumentOutOfRangeException>(
        $"Device must be \"cpu\", \"cuda\", \"cuda:\" and the number of the card, or \"torch\" (libtorch on the processor, to compare with); leave it unset for the best there is. (Parameter 'Device')\nActual value was {name}.",
        () => Resolve(name, NothingAsked()));

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    public void Resolve_CudaThatIsNotThere_SaysWhatToAdd()
    {
        Expect(NoDriver, "cuda", _withoutDriver);
        Expect(_noLibTorch, "cuda:1", _withoutLibTorch);
        Expect("libtorch can use 2 CUDA devices, of which the first has the number 0.", "cuda:2", _full);
        Expect("there is no CUDA for osx-arm64.", "cuda", NothingLoaded(_full with { Platform = "osx-arm64" }));

        static void Expect(string lack, string name, DeviceProbe probe) => Messages.Expect<ArgumentOutOfRangeException>(
            $"Device must be one that is there, but {lack} {UseAnother}\nActual value was {name}.",
            () => Resolve(name, probe));
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    public void Resolve_ContextThatForbidsTheCpu_SaysWhatToAdd()
    {
        var context = new MLContext { GpuDeviceId = 0, FallbackToCpu = false };

        Assert.AreEqual(ComputeDevice.Cuda(0), Resolve(null, _full, context));
        Messages.Expect<InvalidOperationException>(
            $"MLContext.GpuDeviceId is 0 and FallbackToCpu is false, but {NoDriver} Or set FallbackToCpu to true.",
            () => Resolve(null, _withoutDriver, context));
        Messages.Expect<InvalidOperationException>(
            $"MLContext.GpuDeviceId is 0 and FallbackToCpu is false, but {_noLibTorch} Or set FallbackToCpu to true.",
            () => Resolve(null, _withoutLibTorch, context));
        Assert.AreEqual(ComputeDevice.Cpu, Resolve(null, _withoutDriver, new MLContext { FallbackToCpu = false }));
    }

    [TestMethod]
    public void Resolve_LibTorchThatDoesNotLoad_IsNoReasonForTheCpu()
    {
        var broken = _full with { CountCards = () => throw new DllNotFoundException("advice") };

        Messages.Expect<DllNotFoundException>("advice", () => Resolve(null, broken));
        Messages.Expect<DllNotFoundException>("advice", () => Resolve("cuda", broken));
    }

    [TestMethod]
    public void Resolve_AnyDevice_IsLogged()
    {
        var (context, lines) = (new MLContext(), new List<string>());
        context.Log += (_, entry) => lines.AddRange(entry.RawMessage.StartsWith("Device ", StringComparison.Ordinal) ? [entry.RawMessage] : []);

        Resolve(null, _withoutDriver, context);
        Resolve(null, _full, context);

        Assert.AreSequenceEqual(["Device cpu.", "Device cuda:0, by /app/libtorch_cpu.so."], lines.ToArray());
    }

    [TestMethod]
    [TestCategory(TestCategories.Integration)]
    public void Resolve_ThisApplicationInAProcessOfItsOwn_LoadsNothingOfTorchSharp()
    {
        Assert.AreEqual("cpu cpu: nothing of TorchSharp", ChildProcess.Run("device"));
    }

    /// <summary>Prints what is chosen without a card and what is loaded for that.</summary>
    internal static void Run()
    {
        var probe = DeviceProbe.OfApplication;
        _ = (probe.HasDriver(), probe.HasCudaLibTorch()); // what a machine with a card is asked
        var chosen = DeviceChoice.Resolve(new MLContext(), null, probe with { HasDriver = () => false });
        var named = DeviceChoice.Resolve(new MLContext(), "cpu");
        var isLoaded = AppDomain.CurrentDomain.GetAssemblies().Any(assembly => assembly.GetName().Name == "TorchSharp");
        Console.WriteLine($"{chosen} {named}: {(isLoaded ? "TorchSharp's assembly" : "nothing of TorchSharp")}");
    }

    private static ComputeDevice Resolve(string? name, DeviceProbe probe, MLContext? context = null) =>
        DeviceChoice.Resolve(context ?? new MLContext(), name, probe);

    private static DeviceProbe NothingLoaded(DeviceProbe probe) => probe with
    {
        CountCards = () => throw new AssertFailedException("libtorch was loaded"),
        LoadLibTorch = () => throw new AssertFailedException("libtorch was loaded"),
    };

    private static DeviceProbe NothingAsked() => NothingLoaded(_full) with
    {
        HasDriver = () => throw new AssertFailedException("the driver was looked for"),
        HasCudaLibTorch = () => throw new AssertFailedException("libtorch was looked for"),
    };
}
