using System.Reflection;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

/// <summary>Every number of every record of options, with values at and beyond its ends: taken, or refused by name before memory is asked for.</summary>
[TestClass]
public sealed class ExtremeOptionTests
{
    private const long MaximumBytes = 32 << 20;

    private static readonly NoiseSchedule _schedule = NoiseSchedule.Linear(20);
    private static readonly object[] _values = [0, -1, 1, 2_000_000_000, int.MaxValue, double.NaN, double.PositiveInfinity];

    private readonly MLContext _context = new(seed: 1);

    [TestMethod]
    public void UNetOptions_AnyNumber_IsTakenOrRefused() => Each(new UNetOptions(), Trainer);

    [TestMethod]
    public void UNetDetails_AnyNumber_IsTakenOrRefused() => Each(new UNetDetails(), details => Trainer(new UNetOptions { Details = details }));

    [TestMethod]
    public void DiffusionOptions_AnyNumber_IsTakenOrRefused() => Each(new DiffusionOptions(), Trainer);

    [TestMethod]
    public void TrainingOptions_AnyNumber_IsTakenOrRefused() => Each(new TrainingOptions(), Trainer);

    [TestMethod]
    public void ValidationOptions_AnyNumber_IsTakenOrRefused() =>
        Each(new ValidationOptions(), validation => Trainer(new TrainingOptions { Validation = validation }));

    [TestMethod]
    public void AugmentationOptions_AnyNumber_IsTakenOrRefused() =>
        Each(new AugmentationOptions(), augmentation => Trainer(new TrainingOptions { Augmentation = augmentation }));

    [TestMethod]
    public void SampleGridOptions_AnyNumber_IsTakenOrRefused() =>
        Each(new SampleGridOptions { Show = (_, _) => { } }, grid => Trainer(new TrainingOptions { SampleGrid = grid }));

    [TestMethod]
    public void GenerationOptions_AnyNumber_IsTakenOrRefused() =>
        Each(new GenerationOptions(), generation => Trainer(new DiffusionOptions { Generation = generation }));

    [TestMethod]
    public void OutputColumnOptions_AnyNumber_IsTakenOrRefused() =>
        Each(new OutputColumnOptions(), columns => Trainer(new DiffusionOptions { OutputColumns = columns }));

    [TestMethod]
    public void LikelihoodOptions_AnyNumber_IsTakenOrRefused() =>
        Each(new LikelihoodOptions(), options => options.ValidateFor(_schedule, ModelVariance.Fixed, 1));

    [TestMethod]
    public void EvaluationOptions_AnyNumber_IsTakenOrRefused() => Each(new EvaluationOptions(), options => options.Validate());

    [TestMethod]
    public void InterpolationOptions_AnyNumber_IsTakenOrRefused() => Each(new InterpolationOptions(), options => options.ValidateFor(_schedule));

    [TestMethod]
    [DataRow(-1)]
    [DataRow(0)]
    [DataRow(10_001)]
    [DataRow(2_000_000_000)]
    public void Timesteps_BeyondTheirEnds_AreRefused(int timesteps)
    {
        foreach (var create in (Action[])[
            () => NoiseSchedule.Linear(timesteps),
            () => NoiseSchedule.ScaledLinear(timesteps),
            () => NoiseSchedule.Cosine(timesteps),
            () => NoiseSchedule.Sigmoid(timesteps),
            () => NoiseSchedule.SigmoidCumulative(timesteps),
            () => TimestepSubset.Trailing(timesteps),
            () => TimestepSubset.Karras(timesteps),
            () => TimestepSubset.LogSnr(timesteps),
            () => _ = new DdimSampler(timesteps)])
        {
            Assert.IsInstanceOfType<ArgumentOutOfRangeException>(Bounded.Run(MaximumBytes, create, "creation"));
        }
    }

    [TestMethod]
    [DataRow(10_001UL)]
    [DataRow(2_000_000_000UL)]
    [DataRow(ulong.MaxValue)]
    public void Fit_KeysOfManyValues_AreRefusedBeforeAnyImageIsRead(ulong count)
    {
        var schema = SchemaDefinition.Create(typeof(Row));
        schema["Image"].ColumnType = new VectorDataViewType(NumberDataViewType.Single, 1, 8, 8);
        schema["Label"].ColumnType = new KeyDataViewType(typeof(ulong), count);
        var rows = _context.Data.LoadFromEnumerable(Unread(), schema);
        var trainer = _context.Transforms.DiffusionTrainer("Generated", "Image", TinyModel.Labelled);

        var error = Bounded.Run(MaximumBytes, () => trainer.Fit(rows), "training");

        Assert.IsInstanceOfType<ArgumentOutOfRangeException>(error);
        StringAssert.StartsWith(
            error.Message,
            "LabelColumnName must have at most 10000 classes, because the network learns features for each of them.");
    }

    private static IEnumerable<Row> Unread()
    {
        Assert.Fail("an image is read");
        yield break;
    }

    private void Trainer(UNetOptions network) => Trainer(new DiffusionOptions { Network = network });

    private void Trainer(TrainingOptions training) => Trainer(new DiffusionOptions { Training = training });

    private void Trainer(DiffusionOptions options) => _context.Transforms.DiffusionTrainer("Generated", "Image", options);

    private static void Each<T>(T defaults, Action<T> use)
        where T : class
    {
        var copy = typeof(T).GetMethod("<Clone>$")!;
        var numbers = typeof(T).GetProperties().Where(property => property.CanWrite && Type.GetTypeCode(Plain(property)) is >= TypeCode.SByte and <= TypeCode.Decimal && !Plain(property).IsEnum).ToList();
        Assert.IsNotEmpty(numbers);
        foreach (var property in numbers)
        {
            foreach (var value in _values.Where(value => Fits(value, Plain(property))))
            {
                var options = (T)copy.Invoke(defaults, null)!;
                property.SetValue(options, Convert.ChangeType(value, Plain(property), null));
                if (Bounded.Run(MaximumBytes, () => use(options), $"{property.Name} = {value}") is { } error)
                {
                    Assert.IsInstanceOfType<ArgumentOutOfRangeException>(error, $"{property.Name} = {value}");
                    StringAssert.Contains(error.Message, property.Name);
                }
            }
        }
    }

    private static Type Plain(PropertyInfo property) => Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;

    private static bool Fits(object value, Type type) => value is int || type == typeof(double) || type == typeof(float);

    /// <summary>An image of a class.</summary>
    private sealed class Row
    {
        public float[] Image { get; set; } = [];

        public ulong Label { get; set; }
    }
}
