using Microsoft.ML.Diffusion.Data.Columns;
using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Training;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion;

/// <content>How students are made.</content>
public sealed partial class DiffusionCatalog
{
    /// <summary>The stages of a distillation: each is a training that starts from the model of the one before, its teacher.</summary>
    /// <param name="host">The catalog's.</param>
    /// <param name="model">The first teacher.</param>
    /// <param name="options">How, checked.</param>
    private sealed class Distillation(IHost host, DiffusionTransformer model, DistillationOptions options)
    {
        private readonly TrainedModel _first = model.Trained; // the model may be disposed meanwhile

        /// <summary>Takes all stages.</summary>
        public DiffusionTransformer Run(IDataView images)
        {
            var (teacher, told) = (model, new StagesProgress(options.Training.Progress, options.Stages));
            using var channel = host.Start(nameof(Distill));
            for (var stage = 0; ; stage++)
            {
                var steps = options.TeacherSteps >> (stage + 1);
                channel.Info(MessageSensitivity.None, $"Stage {stage + 1} of {options.Stages}: from {2 * steps} steps to {steps}.");
                var student = Student(teacher, stage, steps, told, images);
                if (!ReferenceEquals(teacher, model))
                {
                    teacher.Dispose();
                }

                told.Add(student.Training!);
                if (stage + 1 == options.Stages || student.Training!.End == TrainingEnd.Cancelled)
                {
                    return new DiffusionTransformer(host, student.Trained with { Training = told.Summary });
                }

                teacher = student;
            }
        }

        private DiffusionTransformer Student(DiffusionTransformer teacher, int stage, int steps, StagesProgress told, IDataView images)
        {
            var (columns, description) = (_first.Columns, _first.Model.Description);
            var clipping = _first.Generation.Sampler.Clipping;
            try
            {
                return new DiffusionEstimator(host, columns.Output, columns.Input, new DiffusionOptions
                {
                    Network = description.Network with { Dropout = 0 },
                    Schedule = description.Schedule,
                    Prediction = description.Prediction,
                    Channels = description.Shape.Channels,
                    LabelColumnName = columns.Label,
                    SeedColumnName = columns.Seed,
                    OutputColumns = columns.Others,
                    PixelOffset = columns.Pixels.Offset,
                    PixelScale = columns.Pixels.Scale,
                    Seed = options.Seed + stage,
                    Device = _first.Model.Device.ToString(),
                    Generation = _first.Generation with { Sampler = new DdimSampler(steps) { Clipping = clipping }, GuidanceScale = 1 },
                    Training = options.OfStage(stage) with { Progress = told.Of(stage) },
                })
                {
                    Teaching = new TeachingOptions(steps, stage == 0 ? FirstGuidance : Guidance.Off, clipping),
                }.Fit(images, teacher);
            }
            catch when (!ReferenceEquals(teacher, model))
            {
                teacher.Dispose();
                throw;
            }
        }

        // The students of later stages learn from one that has it in itself.
        private Guidance FirstGuidance =>
            _first.Generation.Guidance with { Scale = options.GuidanceScale ?? _first.Generation.GuidanceScale };
    }
}
