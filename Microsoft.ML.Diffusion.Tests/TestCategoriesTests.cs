using System.Diagnostics;
using System.Reflection;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests;

/// <summary>The fast tests start no programs: found in their code, so that a new test without its category is named.</summary>
[TestClass]
public sealed class TestCategoriesTests
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Assembly _tests = typeof(TestCategoriesTests).Assembly;

    // What a test class starts itself, such as mkfifo, is no program of .NET.
    private static readonly HashSet<MethodBase> _starters =
        [.. MethodCode.Methods(_tests).Where(method => !IsOfTests(method.DeclaringType!) && MethodCode.Called(method).Any(IsStart))];

    [TestMethod]
    public void EveryTestThatStartsAProgram_IsOfTheCategory()
    {
        var missing =
            Tests().Where(test => !IsIntegration(test) && Starts(test)).Select(test => $"{test.DeclaringType!.Name}.{test.Name}").ToList();

        Assert.IsEmpty(missing, $"Add [TestCategory(\"{TestCategories.Integration}\")]: {string.Join(", ", missing)}");
    }

    [TestMethod]
    public void Starts_TestsThatDo_AreSeen()
    {
        var starting = Tests().Where(Starts).Select(test => test.DeclaringType!.Name).ToHashSet();

        foreach (var name in (string[])["ToolUsageTests", "PackageTests", "TrainAndGenerateTests", "KilledRunTests", "AtomicFileTests", "LibTorchTests"])
        {
            Assert.Contains(name, starting);
        }

        Assert.IsLessThan(40, starting.Count);
    }

    [TestMethod]
    public void EveryCategory_IsKnown()
    {
        var categories = Tests().SelectMany(Categories).Distinct().Order(StringComparer.Ordinal);

        Assert.AreSequenceEqual([TestCategories.Golden, TestCategories.Integration], categories);
    }

    private static IEnumerable<MethodInfo> Tests() => _tests.GetTypes().Where(type => type.IsDefined(typeof(TestClassAttribute)))
        .SelectMany(type => type.GetMethods(Declared)).Where(method => method.IsDefined(typeof(TestMethodAttribute)));

    private static bool IsIntegration(MethodInfo test) => Categories(test).Contains(TestCategories.Integration);

    private static IEnumerable<string> Categories(MethodInfo test) =>
        new[] { test, (MemberInfo)test.DeclaringType! }.SelectMany(member => member.GetCustomAttributes<TestCategoryAttribute>())
            .SelectMany(attribute => attribute.TestCategories);

    /// <summary>Whether a method, or one that it leads to in this assembly, starts a program.</summary>
    private static bool Starts(MethodInfo test)
    {
        var seen = new HashSet<MethodBase>();
        var open =
            new Stack<MethodBase>(
                [test, .. test.DeclaringType!.GetMethods(Declared).Where(method => method.IsDefined(typeof(ClassInitializeAttribute)))]);
        while (open.TryPop(out var method))
        {
            if (!seen.Add(method))
            {
                continue;
            }

            if (_starters.Contains(method))
            {
                return true;
            }

            foreach (var next in Next(method))
            {
                open.Push(next);
            }
        }

        return false;
    }

    // What it calls; what its class does first; and the steps of an iterator, which nothing calls by name.
    private static IEnumerable<MethodBase> Next(MethodBase method)
    {
        var type = method.DeclaringType!;
        return MethodCode.Called(method)
            .Concat(type.TypeInitializer is { } initializer ? [initializer] : [])
            .Concat(type.Name.Contains(">d__", StringComparison.Ordinal) ? type.GetMethods(Declared) : [])
            .Where(called => called.DeclaringType?.Assembly == _tests);
    }

    private static bool IsStart(MethodBase method) => method.DeclaringType == typeof(Process) && method.Name == nameof(Process.Start);

    private static bool IsOfTests(Type type) =>
        type.IsDefined(typeof(TestClassAttribute)) || (type.DeclaringType is { } outer && IsOfTests(outer));
}
