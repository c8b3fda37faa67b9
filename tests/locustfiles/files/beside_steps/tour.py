from locust import SequentialTaskSet, task


class Tour(SequentialTaskSet):
    @task
    def greeting(self):
        self.user.visit("greeting")

    @task
    def planet(self):
        self.user.visit("planet")
        self.user.stop()
