using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Diffusion.Tool.Playground;

/// <summary>The tab Compare: one seed by several samplers, numbers of steps and models.</summary>
internal sealed class ComparePart(IReadOnlyList<ServedModel> models, WorkQueue queue) : IPlaygroundPart
{
    private const int MostCells = 64;
    private const int MostWork = 4_000;

    public string Name => "compare";

    public object About => new { MostCells, MostWork };

    public void Map(IEndpointRouteBuilder routes) => routes.MapPost("/api/compare", async http =>
    {
        var cells = (await Answer.ReadAsync<Query>(http)).Resolve(models);
        await EventStream.AnswerAsync(http, events => CompareAsync(cells, events, http.RequestAborted));
    });

    // Each cell waits for its turn by itself, so that other pages get theirs in between.
    private async Task CompareAsync(Cell[] cells, EventStream events, CancellationToken gone)
    {
        if (queue.Length > 0)
        {
            events.Send("queued", new { Before = queue.Length });
        }

        foreach (var cell in cells)
        {
            var done = await queue.RunAsync(token => Measure(cell, token), gone);
            events.Send("cell", done);
        }
    }

    private static object Measure(Cell cell, CancellationToken token)
    {
        var start = TimeProvider.System.GetTimestamp();
        var images = cell.Run.Generate(null, token);
        var took = TimeProvider.System.GetElapsedTime(start);
        return new
        {
            cell.Model,
            cell.Sampler,
            cell.Run.Steps,
            Image = Png.Take(images)[0],
            Seconds = took.TotalSeconds,
            Calls = PlaygroundSamplers.CallsOf(cell.Run.Options.Sampler),
        };
    }

    /// <summary>One image of the matrix.</summary>
    private sealed record Cell(int Model, string Sampler, ImageRun Run);

    /// <summary>What a page asks for: every sampler with every number of steps, of every model.</summary>
    private sealed record Query
    {
        public int[] Models { get; init; } = [0];

        /// <summary>Gets the index of the class in the first model; others are asked for their class of the same name.</summary>
        public int? Class { get; init; }

        public long Seed { get; init; }

        public double Guidance { get; init; } = 1;

        public double Eta { get; init; }

        public string[] Samplers { get; init; } = [];

        public int[] Steps { get; init; } = [];

        public Cell[] Resolve(IReadOnlyList<ServedModel> served)
        {
            ImageQuery.Require(Models.Length > 0 && Samplers.Length > 0 && Steps.Length > 0 && !Samplers.Contains(null), "models, samplers and steps must each name at least one, because a matrix has no empty side.");
            ImageQuery.Require(
                (long)Models.Length * Samplers.Length * Steps.Length <= MostCells,
                $"models times samplers times steps must be at most {MostCells}, because a page shows so many, but is {(long)Models.Length * Samplers.Length * Steps.Length}.");
            Cell[] cells =
            [
                .. from model in Models
                   from sampler in Samplers
                   from steps in Steps
                   select new Cell(model, sampler, Run(served, model, sampler, steps)),
            ];
            var work = cells.Sum(cell => PlaygroundSamplers.CallsOf(cell.Run.Options.Sampler));
            ImageQuery.Require(work <= MostWork, $"The network calls of all images must be at most {MostWork}, because all pages wait for them, but are {work}. Take fewer steps.");
            return cells;
        }

        private ImageRun Run(IReadOnlyList<ServedModel> served, int model, string sampler, int steps) => new ImageQuery
        {
            Model = model,
            Class = ClassIn(served, model),
            Seed = Seed,
            Sampler = sampler,
            Steps = steps,
            Eta = sampler == "ddim" ? Eta : 0,
            Guidance = Guidance,
        }.Resolve(served);

        private int? ClassIn(IReadOnlyList<ServedModel> served, int model)
        {
            var first = ImageQuery.ModelOf(served, Models[0]);
            ImageQuery.CheckClass(first, Class);
            if (Class is not { } label || model == Models[0])
            {
                return Class;
            }

            var classes = ImageQuery.ModelOf(served, model).Transformer.ClassNames;
            var same = classes.Index().Where(other => other.Item == first.Transformer.ClassNames[label]).Select(other => (int?)other.Index);
            return same.FirstOrDefault();
        }
    }
}
