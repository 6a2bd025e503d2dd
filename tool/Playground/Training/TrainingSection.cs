using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Tool.Playground.Training;

/// <summary>The tab of a training as a part of a report, which stands alone: the same view with all that there is to see in the page.</summary>
internal static class TrainingSection
{
    private const string Data = "training-data";
    private const string Place = "training";

    /// <summary>Makes the part.</summary>
    /// <param name="feed">The training, which is over.</param>
    /// <param name="chart">The chart of the losses, for who reads the report where no script is run.</param>
    public static ReportSection Of(TrainingFeed feed, ReportSection chart)
    {
        var whole = feed.Since(null) with { State = TrainingState.Done, Text = null };
        var script =
            $"{SiteFiles.Text("/tabs/training-view.js")}\ncreateTrainingView(document.getElementById('{Place}')).apply(JSON.parse(document.getElementById('{Data}').textContent));\n";
        return chart with
        {
            Title = "The training",
            Svg = null,
            Markup =
                $"""
                <style>{SiteFiles.Text("/training.css")}</style>
                <noscript>{chart.Svg}</noscript>
                <div id="{Place}"></div>
                <script type="application/json" id="{Data}">{whole.ToJson()}</script>
                <script type="module">{script}</script>
                """,
        };
    }
}
