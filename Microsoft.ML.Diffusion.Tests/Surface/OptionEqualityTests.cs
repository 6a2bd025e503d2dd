using System.Reflection;
using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Tests.Surface;

/// <summary>What one sets, and the schedules, are equal by value: every public record, and every property of it that can be set.</summary>
[TestClass]
public sealed class OptionEqualityTests
{
    private static readonly Dictionary<Type, Func<object>> _others = new()
    {
        [typeof(bool)] = () => true,
        [typeof(int)] = () => 7,
        [typeof(long)] = () => 7L,
        [typeof(float)] = () => 0.25f,
        [typeof(double)] = () => 0.25,
        [typeof(TimeSpan)] = () => TimeSpan.FromSeconds(7),
        [typeof(string)] = () => "other",
        [typeof(IReadOnlyList<int>)] = () => new List<int> { 3, 5 },
        [typeof(IReadOnlyList<string>)] = () => new List<string> { "a", "b" },
        [typeof(IReadOnlyList<UNetBlock>)] = () => new List<UNetBlock> { UNetBlock.Residual, UNetBlock.Attention },
        [typeof(NoiseSchedule)] = () => NoiseSchedule.FromBetas(0.1, 0.2),
        [typeof(TimestepSubset)] = () => TimestepSubset.OfPairs(new TimestepPair(9, 6), new TimestepPair(3, -1)),
        [typeof(PixelRange)] = () => PixelRange.Percentiles(1, 98),
        [typeof(System.Drawing.Color)] = () => System.Drawing.Color.FromArgb(7, 8, 9),
        [typeof(Clipping)] = () => Clipping.Dynamic(0.9),
        [typeof(Sampler)] = () => new HeunSampler(7),
        [typeof(DdimSampler)] = () => new DdimSampler(7),
        [typeof(GenerationOptions)] = () => new GenerationOptions { Seed = 7 },
        [typeof(SampleGridOptions)] = () => new SampleGridOptions { Show = Discard, Labels = [1, 2] },
    };

    private static readonly CancellationTokenSource _source = new();
    private static readonly Dictionary<Type, object> _shared = new()
    {
        [typeof(CancellationToken)] = _source.Token,
        [typeof(ProcessGroup)] = Groups.ThreadGroup.Run(1, 1, group => group)[0].Value,
        [typeof(TrainingPause)] = new TrainingPause(),
        [typeof(IProgress<double>)] = new Progress<double>(),
        [typeof(IProgress<TrainingProgress>)] = new Progress<TrainingProgress>(),
        [typeof(Action<SamplingSnapshot>)] = (Action<SamplingSnapshot>)(_ => { }),
        [typeof(Action<int, MLImage>)] = (Action<int, MLImage>)((_, _) => { }),
    };

    /// <summary>The public records that are made with defaults.</summary>
    public static IEnumerable<object[]> Options => typeof(DiffusionOptions).Assembly.GetExportedTypes()
        .Where(type => !type.IsAbstract && type.GetMethod("<Clone>$") is not null && type.GetConstructors().Length > 0)
        .Select(type => new object[] { type });

    [TestMethod]
    public void Options_AreManyAndKnown() => Assert.IsGreaterThanOrEqualTo(15, Options.Count());

    [TestMethod]
    [DynamicData(nameof(Options))]
    public void TwoDefaults_AreEqual(Type type) => AreEqual(Default(type), Default(type));

    [TestMethod]
    [DynamicData(nameof(Options))]
    public void AnyPropertyChanged_IsUnequal_AndEqualToTheSameChange(Type type)
    {
        foreach (var property in type.GetProperties().Where(property => property.CanWrite))
        {
            var (one, other) = (With(type, property), With(type, property));

            Assert.AreNotEqual(Default(type), one, property.Name);
            AreEqual(one, other);
        }
    }

    [TestMethod]
    public void Schedules_OfOneRecipe_AreEqual()
    {
        AreEqual(NoiseSchedule.Cosine(), NoiseSchedule.Cosine());
        AreEqual(NoiseSchedule.Linear(10).WithZeroTerminalSnr(), NoiseSchedule.Linear(10).WithZeroTerminalSnr());
        AreEqual(NoiseSchedule.FromBetas(0.1, 0.2), NoiseSchedule.FromBetas(0.1, 0.2));
        Assert.IsTrue(NoiseSchedule.Cosine() == NoiseSchedule.Cosine());
        Assert.IsTrue(NoiseSchedule.Cosine() != NoiseSchedule.Cosine(999));
        Assert.AreNotEqual(NoiseSchedule.Linear(), NoiseSchedule.ScaledLinear());
        Assert.AreNotEqual(NoiseSchedule.Linear(10), NoiseSchedule.Linear(10).WithZeroTerminalSnr());
        Assert.AreNotEqual(NoiseSchedule.FromBetas(0.1, 0.2), NoiseSchedule.FromBetas(0.1, 0.3));
        Assert.IsFalse(NoiseSchedule.Cosine().Equals(null));
    }

    [TestMethod]
    public void ClippingsAndSubsets_OfOneChoice_AreEqual()
    {
        AreEqual(Clipping.Dynamic(0.9, 3), Clipping.Dynamic(0.9, 3));
        AreEqual(TimestepSubset.Of(3, 1), TimestepSubset.Of(1, 3));
        AreEqual(TimestepSubset.Karras(5), TimestepSubset.Karras(5));
        Assert.AreNotEqual(Clipping.Dynamic(0.9), Clipping.Dynamic(0.8));
        Assert.AreNotEqual(Clipping.Static(), Clipping.None);
        Assert.AreNotEqual(TimestepSubset.Of(1, 3), TimestepSubset.Of(2, 3));
        Assert.AreNotEqual(TimestepSubset.Karras(5), TimestepSubset.Karras(5, rho: 6));
    }

    [TestMethod]
    public void Lists_AreCopied_SoThatOptionsNeverChange()
    {
        var multipliers = new List<int> { 1, 2 };
        var options = new UNetOptions { ChannelMultipliers = multipliers };

        multipliers.Add(4);

        CollectionAssert.AreEqual(new[] { 1, 2 }, options.ChannelMultipliers.ToArray());
    }

    private static void AreEqual(object one, object other)
    {
        Assert.AreNotSame(one, other);
        Assert.AreEqual(one, other);
        Assert.AreEqual(one.GetHashCode(), other.GetHashCode());
    }

    private static object Default(Type type)
    {
        var constructor = type.GetConstructors().Single();
        var made =
            type == typeof(DdimSampler)
                ? new DdimSampler(eta: 1)
                : constructor.Invoke([.. constructor.GetParameters()
                    .Select(parameter => parameter.DefaultValue)]); // sigma-hat is for eta 1
        if (made is SampleGridOptions)
        {
            type.GetProperty(nameof(SampleGridOptions.Show))!.SetValue(made, (Action<int, MLImage>)Discard);
        }

        return made;
    }

    private static object With(Type type, PropertyInfo property)
    {
        var made = Default(type);
        property.SetValue(made, Other(property.PropertyType, property.GetValue(made)));
        return made;
    }

    private static object Other(Type type, object? value)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (_shared.TryGetValue(type, out var shared))
        {
            return shared;
        }

        return type == typeof(bool) ? value is not true
            : type.IsEnum ? Enum.GetValues(type).Cast<object>().First(other => !other.Equals(value))
            : _others.TryGetValue(type, out var other) ? other()
            : With(type, type.GetProperties().First(property => property.CanWrite));
    }

    private static void Discard(int steps, MLImage grid)
    {
    }
}
