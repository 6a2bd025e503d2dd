using Microsoft.ML.Diffusion.Evaluation;

namespace Microsoft.ML.Diffusion.Tests.Evaluation;

/// <summary>Products in tiles beside products one by one, of sizes around those of tiles and panels.</summary>
[TestClass]
public sealed class RowTilesTests
{
    [TestMethod]
    [DataRow(1, 1, 1)]
    [DataRow(5, 13, 3)]
    [DataRow(240, 240, 256)]
    [DataRow(241, 500, 257)]
    [DataRow(700, 30, 600)]
    public void ForEach_RowsOfTwoSets_VisitsEachProductOnce(int rows, int columns, int length)
    {
        var (x, y) = (new NormalRows(1).Next(rows, length), new NormalRows(2).Next(columns, length));
        var (products, visits) = (new double[rows, columns], new int[rows, columns]);

        RowTiles.ForEach(rows, FeatureRows.Of(x), columns, FeatureRows.Of(y), length, tile => Write(tile, products, visits));

        AssertProducts(x, y, products);
        Assert.IsTrue(visits.Cast<int>().All(count => count == 1));
    }

    [TestMethod]
    public void ForEach_RowsOfOneSet_VisitsTheTilesFromTheDiagonalOn()
    {
        const int Rows = 600;
        var x = new NormalRows(1).Next(Rows, 20);
        var (products, visits) = (new double[Rows, Rows], new int[Rows, Rows]);

        RowTiles.ForEach(Rows, FeatureRows.Of(x), Rows, FeatureRows.Of(x), 20, tile => Write(tile, products, visits), isWithin: true);

        for (var i = 0; i < Rows; i++)
        {
            for (var j = 0; j < Rows; j++)
            {
                Assert.AreEqual(j / RowTiles.Size >= i / RowTiles.Size ? 1 : 0, visits[i, j], $"{i}, {j}");
            }
        }
    }

    [TestMethod]
    public void ForEach_SidesChanged_GivesTheSameBits()
    {
        var (x, y) = (new NormalRows(1).Next(250, 300), new NormalRows(2).Next(245, 300));
        var (products, mirrored, visits) = (new double[250, 245], new double[245, 250], new int[250, 250]);

        RowTiles.ForEach(250, FeatureRows.Of(x), 245, FeatureRows.Of(y), 300, tile => Write(tile, products, visits));
        RowTiles.ForEach(245, FeatureRows.Of(y), 250, FeatureRows.Of(x), 300, tile => Write(tile, mirrored, visits));

        for (var i = 0; i < 250; i++)
        {
            for (var j = 0; j < 245; j++)
            {
                Assert.AreEqual(products[i, j], mirrored[j, i]);
            }
        }
    }

    [TestMethod]
    public void Parts_OfManyRows_AreBounded()
    {
        Assert.AreEqual((1, 2, 64), (RowTiles.Parts(240), RowTiles.Parts(241), RowTiles.Parts(1_000_000)));
    }

    private static void Write(ProductTile tile, double[,] products, int[,] visits)
    {
        for (var i = 0; i < tile.Rows; i++)
        {
            for (var j = 0; j < tile.Columns; j++)
            {
                products[tile.FirstRow + i, tile.FirstColumn + j] = tile[i][j];
                visits[tile.FirstRow + i, tile.FirstColumn + j]++;
            }
        }
    }

    private static void AssertProducts(float[][] x, float[][] y, double[,] products)
    {
        for (var i = 0; i < x.Length; i++)
        {
            for (var j = 0; j < y.Length; j++)
            {
                var expected = 0.0;
                for (var k = 0; k < x[i].Length; k++)
                {
                    expected += (double)x[i][k] * y[j][k];
                }

                Assert.AreEqual(expected, products[i, j], 1e-12, $"{i}, {j}");
            }
        }
    }
}
