# run: -u 2 -r 2 -t 3s
# counts: exact
from locust import HttpUser, constant_throughput, task

PRODUCT = """
query Product($id: Int!) {
  product(id: $id) { id name price }
}
"""
PRODUCTS = "query Products($first: Int) { products(first: $first) { id } }"
REVIEW = "mutation Review($product: Int!, $comment: String!) { review(product: $product, text: $comment) { id } }"


class GraphUser(HttpUser):
    wait_time = constant_throughput(50)
    number = 0

    def query(self, operation, text, **variables):
        with self.client.post(
            "/graphql",
            json={"operationName": operation, "query": text, "variables": variables},
            name=f"/graphql {operation}",
            catch_response=True,
        ) as response:
            answer = response.json()
            if answer.get("errors"):
                response.failure(answer["errors"][0]["message"])
                return None
            if response.elapsed.total_seconds() > 30:
                response.failure("too slow")
        return answer["data"]

    @task
    def look(self):
        self.number += 1
        if self.number > 6:
            self.stop()
            return
        assert len(self.query("Products", PRODUCTS, first=4)["products"]) == 4
        found = self.query("Product", PRODUCT, id=self.number)
        assert found["product"]["id"] == self.number
        self.query("Review", REVIEW, product=self.number, comment="très bien")
        self.query("Nothing", "{ nothing }")
